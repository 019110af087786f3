import json
from collections.abc import Mapping
from typing import Any

import pytest

from daemon.commands import status as module
from daemon.commands.status import status
from daemon.orders import NoAnswer
from daemon.rows import Annotation, Event, Heartbeat, Place, PlanRow, Scope

RUNNING: Mapping[str, Any] = {
    "state": "running",
    "config": "c0ffee",
    "series": 3,
    "vantages": {"ru1": ["ipv4"]},
    "uptime": 7_380.0,
    "counts": {"ok": 1234, "failed": 5},
    "followers": {
        "detect": {"behind": 0, "failures": 0, "error": "", "holding": "", "alarm": False},
        "influx": {"behind": 5000, "failures": 2, "error": "", "holding": "401: the token is wrong", "alarm": True},
    },
}

OPEN = Event(
    id="E",
    revision=1,
    at=1_770_840_300_000_000,
    state="confirmed",
    kind="block",
    service="whatsapp",
    roles=(),
    mechanism="tcp.drop",
    mechanisms={},
    scope=Scope(("ru1",), ("RU",)),
    onset=(1_770_840_000_000_000, 1_770_840_000_000_000),
    detected=1_770_840_300_000_000,
    reopened=None,
    ended=None,
    confidence=0.9,
    evidence=(),
    comparators={},
    summary="it is down",
    against="",
)


@pytest.fixture
def runs(monkeypatch):
    def answer(_path, request, _timeout):
        assert request == {"command": "status"}
        return RUNNING

    monkeypatch.setattr(module, "ask", answer)


def test_a_running_daemon_speaks_for_itself(runs, story, said):
    assert status(story) == 0
    text, complaints = said()
    assert complaints == ""
    assert "running for 2 h 3 min: 3 series; since the start 1,234 ok, 5 failed" in text
    assert "5,000" in text
    assert "401: the token is wrong" in text


def test_without_a_daemon_the_journal_speaks(story, said):
    assert status(story) == 0
    text = said()[0]
    assert text.startswith("not running: no daemon runs on this journal")
    assert "15 rows" in text
    assert "3 series planned" in text
    for word in ("ru1", "RU", "12389", "answer", "nl1", "never"):
        assert word in text
    assert "no open events" in text


def test_open_events_are_shown(write, said):
    assert status(write([(0, OPEN)])) == 0
    assert "it is down" in said()[0]


def test_programs_get_one_object(runs, story, said):
    assert status(story, json=True) == 0
    (line,) = said()[0].splitlines()
    told = json.loads(line)
    assert told["running"] is True
    assert told["daemon"] == RUNNING
    assert told["journal"]["last"] == 15
    assert told["journal"]["heartbeats"]["ru1"]["at"] == "2026-02-11T20:00:01Z"


def test_programs_see_that_none_runs(write, said):
    journal = write([(0, OPEN), (5, Annotation("x"))])
    assert status(journal, json=True) == 0
    told = json.loads(said()[0])
    assert (told["running"], told["daemon"]) == (False, None)
    assert [event["summary"] for event in told["journal"]["open_events"]] == ["it is down"]
    assert told["journal"]["at"] is None, "no record and no heartbeat yet"
    assert told["journal"]["bytes"] > 0


def test_the_last_heartbeat_of_each_vantage_counts(write, said):
    plan = PlanRow("", {"a": Place(), "b": Place()}, {}, ())
    beats = [(1, Heartbeat("a", True)), (2, Heartbeat("b", None)), (3, Heartbeat("a", False))]
    assert status(write([(0, plan), *beats])) == 0
    by_vantage = {line.split()[0]: line for line in said()[0].splitlines() if line[:2] in {"a ", "b "}}
    assert "fail" in by_vantage["a"]
    assert "none yet" in by_vantage["b"]


def test_a_daemon_that_does_not_answer_is_said(monkeypatch, story, said):
    def silent(*_):
        raise NoAnswer("the daemon did not answer within 3 s")

    monkeypatch.setattr(module, "ask", silent)
    assert status(story) == 0
    assert "the daemon did not answer within 3 s" in said()[0]


def test_neither_daemon_nor_journal(tmp_path, said):
    assert status(tmp_path / "none.db") == 2
    assert "there is no journal at" in said()[1]
