import gzip
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.commands.events import events
from daemon.commands.export import Choice, export
from daemon.commands.replay import replay, told
from daemon.rows import Event
from daemon.wire_in import row_of


def lines(text):
    return [row_of(line, 1).body for line in text.splitlines()]


def test_a_journal_of_invented_events_fails_the_check(story, said):
    """The events of the story were made up: detection never says so from six records."""
    assert replay([story], check=True) == 1
    complaint = said()[1]
    assert "the events made anew differ from those written then, revision 1 of 3" in complaint
    assert "made anew      nothing" in complaint


def test_without_the_check_it_ends_well(story, said):
    assert replay([story]) == 0
    assert said() == ("", "15 rows: 0 events in 0 revisions\n")


def test_records_without_a_plan_say_what_is_missing(story, said, tmp_path):
    assert export(story) == 0
    path = tmp_path / "records.jsonl"
    path.write_text("".join(line for line in said()[0].splitlines(keepends=True) if "record/1" in line))
    assert replay([path]) == 0
    assert "9 rows: 0 events in 0 revisions; there is no plan among the rows" in said()[1]


def test_a_configuration_gives_the_plan(story, said, tmp_path):
    config = tmp_path / "reachd.toml"
    config.write_text(
        'services = ["max"]\n[vantages.ru1]\ntype = "direct"\nconsent = "a test"\nresolver = "127.0.0.1"\n'
    )
    path = tmp_path / "records.jsonl"
    assert export(story, output=path) == 0
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "record/1" in line))
    assert replay([path], config) == 0
    assert "10 rows" in said()[1]
    assert "no plan" not in said()[1]


def test_only_event_lines_on_stdout(story, said):
    assert replay([story], json=True) == 0
    assert all(isinstance(body, Event) for body in lines(said()[0]))


def test_a_journal_without_events_passes_the_check(write, said):
    assert replay([write([])], check=True) == 0
    assert said() == ("", "0 revisions of events, equal to those in the journal\n")


def test_standard_input_is_a_dash(story, said, monkeypatch):
    assert export(story, choice=Choice(all_rows=True)) == 0
    packed = gzip.compress(said()[0].encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(packed))))
    assert replay([Path("-")]) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"reachd": "record/9"}', "rows.jsonl:1: record/9 is newer than what this reachd reads"),
        ("hello\n", "rows.jsonl:1: no JSON"),
        ('\n\n{"reachd": "clock/1"}', "rows.jsonl:3: at: missing"),
    ],
)
def test_a_bad_line_is_said_with_its_place(tmp_path, said, content, words):
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    assert replay([path]) == 2
    text, complaint = said()
    assert text == ""
    assert words in complaint


def test_a_file_that_is_not_there_is_said(tmp_path, said):
    assert replay([tmp_path / "none.jsonl"]) == 2
    assert "none.jsonl" in said()[1]


def test_a_wrong_configuration_is_told_before_anything_is_read(tmp_path, said):
    config = tmp_path / "reachd.toml"
    config.write_text("services = [")
    assert replay([tmp_path / "none.jsonl"], config) == 2
    assert f"{config}:1" in said()[1]


def test_a_revision_is_one_line_for_people(story, said):
    assert events(story, json=True, latest=True) == 0
    (event,) = lines(said()[0])
    line = told(event)
    assert line.plain == (
        "2026-02-11 20:10:00 ended     block whatsapp RU (ru1) since 2026-02-11 20:01:01 (7 min) tcp.drop 0.91"
        "  consistent with blocking of whatsapp in RU"
    )
    assert line.style == "green"
