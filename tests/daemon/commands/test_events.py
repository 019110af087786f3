import json
from dataclasses import replace

import pytest

from daemon.commands.events import cells, duration, events, last_of_each, lasts, where
from daemon.moments import SECOND
from daemon.rows import Event, Scope
from daemon.wire_in import row_of

EVENT = Event(
    id="E",
    revision=1,
    at=500 * SECOND,
    state="confirmed",
    kind="block",
    service="whatsapp",
    roles=("chat",),
    mechanism="tcp.drop",
    mechanisms={},
    scope=Scope(("ru1", "ru2"), ("RU",)),
    onset=(10 * SECOND, 20 * SECOND),
    detected=100 * SECOND,
    reopened=None,
    ended=None,
    confidence=0.98,
    evidence=(),
    comparators={},
    summary="summary",
    against="",
)


def test_people_see_the_last_revision_of_each_event(story, said):
    assert events(story) == 0
    text, complaints = said()
    assert complaints == ""
    heading, line = text.splitlines()
    assert " ".join(heading.split()) == "state kind service where since (UTC) lasts mechanism sure summary"
    for word in ("ended", "block", "whatsapp", "RU (ru1)", "2026-02-11 20:01:01", "7 min", "tcp.drop", "0.91"):
        assert word in line


def test_programs_get_every_revision_oldest_first(story, said):
    assert events(story, json=True) == 0
    lines = said()[0].splitlines()
    assert [json.loads(line)["revision"] for line in lines] == [1, 2, 3]
    assert all(isinstance(row_of(line, 1).body, Event) for line in lines)


def test_programs_get_the_last_of_each_if_they_ask(story, said):
    assert events(story, json=True, latest=True) == 0
    (line,) = said()[0].splitlines()
    assert json.loads(line)["state"] == "ended"


def test_no_event_is_said_to_people_and_is_no_line_for_programs(write, said):
    journal = write([])
    assert events(journal) == 0
    assert "no events in" in said()[0]
    assert events(journal, json=True) == 0
    assert said() == ("", "")


def test_without_a_journal_it_says_what_to_do(tmp_path, said):
    assert events(tmp_path / "none.db") == 2
    text, complaint = said()
    assert text == ""
    assert "reachd run" in complaint
    assert not (tmp_path / "none.db").exists()


def test_events_stand_in_the_order_in_which_they_were_heard_of():
    one, other = EVENT, replace(EVENT, id="F")
    later = replace(EVENT, revision=2)
    assert last_of_each([one, other, later]) == [later, other]


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope(("ru1", "ru2"), ("RU",)), "RU (ru1, ru2)"),
        (Scope(("home",)), "(home)"),
        (Scope((), ("KZ", "RU")), "KZ RU"),
    ],
)
def test_where_names_countries_and_vantages(scope, text):
    assert where(replace(EVENT, scope=scope)) == text


def test_how_long_speaks_of_the_end_or_of_the_last_news():
    assert lasts(EVENT) == "8 min so far"
    assert lasts(replace(EVENT, ended=50 * SECOND)) == "30 s"


def test_a_wide_event_is_of_all_services():
    assert cells(replace(EVENT, service=None))[1] == "all"


def test_a_summary_cannot_steer_the_terminal():
    assert "\x1b" not in cells(replace(EVENT, summary="\x1b[2Jx"))[-1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "119 min"),
        (7_200, "2 h 0 min"),
        (12_000, "3 h 20 min"),
        (172_800, "2 d 0 h"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations_are_short(seconds, text):
    assert duration(seconds * SECOND) == text
