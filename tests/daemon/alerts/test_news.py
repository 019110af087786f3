"""Which revisions are news: only of confirmed events, and only what a person would want to know."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.alerts.news import Told, Transition, transition
from daemon.rows import Event
from tests.lab.journal_rows import events
from tests.lab.story_of_events import NEWS, event, life


def telling(revisions: list[Event]) -> list[tuple[int, str]]:
    """What is told of these revisions of one event, in order."""
    told, said = None, []
    for one in revisions:
        what = transition(one, told)
        if what is not None:
            said.append((one.revision, str(what)))
            told = None if what is Transition.ENDED else Told.of(one)
    return said


def test_the_life_of_an_event_is_told_in_four_words() -> None:
    assert telling(life()) == NEWS


def test_a_flash_is_told_to_nobody() -> None:
    suspected = event(state="suspected")
    assert telling([suspected, replace(suspected, revision=2, state="ended", ended=5)]) == []


def test_what_opens_again_is_opened() -> None:
    ended = event(revision=2, state="ended", ended=5)
    again = event(revision=3, reopened=9)
    assert telling([event(), ended, again, replace(ended, revision=4, reopened=9, ended=12)]) == [
        (1, "opened"),
        (2, "ended"),
        (3, "opened"),
        (4, "ended"),
    ]


def test_a_standing_event_is_silent_and_its_end_is_news() -> None:
    standing = event(revision=2, state="standing")
    assert telling([event(), standing, event(revision=3, state="ended", ended=7)]) == [(1, "opened"), (3, "ended")]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"vantages": ("ru1", "ru2", "ru3")}, Transition.GROWN),
        ({"countries": ("KZ", "RU")}, Transition.GROWN),
        ({"asns": (12389, 31133)}, Transition.GROWN),
        ({"roles": ("chat", "media", "web")}, Transition.GROWN),
        ({"kind": "service_outage"}, Transition.CHANGED),
        ({"mechanism": "tls.reset"}, Transition.CHANGED),
        ({"vantages": ("ru1",)}, Transition.CHANGED),
        ({"kind": "service_outage", "countries": ("NL", "RU")}, Transition.CHANGED),
        ({"endpoints": ("one", "two")}, None),
        ({"confidence": 0.1}, None),
        ({"onset": (1, 2)}, None),
        ({"summary": "other words"}, None),
        ({"evidence": ("C",)}, None),
    ],
)
def test_what_is_news_of_an_event_that_is_known(changes: dict, what: Transition | None) -> None:
    assert transition(event(revision=2, **changes), Told.of(event())) == what


def test_a_second_end_is_no_news() -> None:
    ended = event(revision=2, state="ended", ended=5)
    assert telling([event(), ended, replace(ended, revision=3, ended=4)]) == [(1, "opened"), (2, "ended")]


@given(st.lists(events, max_size=12))
def test_between_two_openings_there_is_an_end(revisions: list[Event]) -> None:
    words = [what for _revision, what in telling(revisions)]
    life_cycle = [what for what in words if what in {"opened", "ended"}]
    assert life_cycle == ["opened", "ended"] * (len(life_cycle) // 2) + ["opened"] * (len(life_cycle) % 2)
    assert words[:1] in ([], ["opened"])


@given(events)
def test_the_same_told_again_is_no_news(one: Event) -> None:
    assert transition(replace(one, ended=None), Told.of(one)) is None
