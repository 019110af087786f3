"""The daemon speaks in single lines, for people or for programs, and keeps other libraries' chatter out."""

import json
import logging

import pytest

from daemon import log


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "reachd.influx", "levelno": logging.WARNING, "levelname": "WARNING"})
    made.msg = message
    made.created = 1770840011.5
    vars(made).update(extra)
    return made


def test_text_is_one_line_with_what_was_given_as_extra() -> None:
    line = log.TextLines().format(record("no answer", backlog=12))
    assert line == "2026-02-11T20:00:11.500Z WARNING influx: no answer backlog=12"


def test_information_needs_no_level() -> None:
    quiet = record("up")
    quiet.levelno, quiet.levelname = logging.INFO, "INFO"
    assert log.TextLines().format(quiet) == "2026-02-11T20:00:11.500Z influx: up"


def test_json_is_an_object_a_line() -> None:
    line = json.loads(log.JsonLines().format(record("no answer", backlog=12)))
    assert line == {
        "at": "2026-02-11T20:00:11.500Z",
        "level": "warning",
        "name": "reachd.influx",
        "message": "no answer",
        "backlog": "12",
    }


def test_a_trace_comes_with_the_line() -> None:
    try:
        raise TypeError("a bug")
    except TypeError as bug:
        broken = record("a bug in probe tls", exc_info=(type(bug), bug, bug.__traceback__))
    assert log.TextLines().format(broken).endswith("TypeError: a bug")
    assert "TypeError: a bug" in json.loads(log.JsonLines().format(broken))["trace"]


@pytest.mark.parametrize("style", log.FORMATS)
def test_set_up_writes_to_stderr_once(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        log.set_up(style)
        log.set_up(style)
        logging.getLogger("reachd.app").info("started")
        logging.getLogger("apscheduler.scheduler").warning("chatter")
    finally:
        root.handlers[:], root.level = before
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("started") == 1
    assert "chatter" not in said.err
