"""The time axis of an event: the bracket where it began, a lane for each series, the words in their order."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from daemon.rows import Event
from daemon.web import axis
from probes.record import Record, Series
from tests.lab.story import SECOND, block, events, february

ROWS = block(february(), "ru1 ru2", 600, 1_800).rows(3_600)


@pytest.fixture(scope="module")
def revisions() -> list[Event]:
    return events(ROWS)


@pytest.fixture(scope="module")
def lanes() -> dict[Series, list[Record]]:
    found: dict[Series, list[Record]] = {}
    for row in ROWS:
        if isinstance(row.body, Record) and row.body.series.service == "whatsapp":
            found.setdefault(row.body.series, []).append(row.body)
    return found


def test_the_window_holds_what_was_before_and_after(revisions: list[Event]) -> None:
    last = revisions[-1]
    assert last.ended is not None
    shown = axis.window(last, 0)
    assert shown.begin < last.onset[0] < last.ended < shown.end
    assert shown.end - last.ended <= axis.AFTER


def test_an_open_event_is_shown_up_to_now_and_a_long_one_from_its_beginning(revisions: list[Event]) -> None:
    running = replace(revisions[-1], ended=None)
    now = running.onset[1] + 3_600 * SECOND
    assert axis.window(running, now).end == now
    later = running.onset[1] + 30 * 86_400 * SECOND
    assert axis.window(running, later).end <= running.onset[1] + axis.LONGEST


def test_an_event_whose_last_good_moment_is_not_known(revisions: list[Event]) -> None:
    blind = replace(revisions[-1], onset=(0, revisions[-1].onset[1]))
    assert axis.window(blind, 0).begin > 0


def test_it_is_drawn_whole(revisions: list[Event], lanes) -> None:
    last = revisions[-1]
    svg = axis.draw(last, revisions, lanes, axis.window(last, 0))
    drawn = ET.fromstring(str(svg))  # noqa: S314  our own text
    assert f"{len(lanes)} series" in str(drawn.get("aria-label"))
    assert svg.count('class="good"') == svg.count('class="bad"') == len(lanes)
    assert svg.count('class="onset"') == 3
    assert "confirmed" in svg
    assert 'class="ended"' in svg


def test_without_records_the_times_are_still_there(revisions: list[Event]) -> None:
    last = revisions[-1]
    svg = axis.draw(last, revisions, {}, axis.window(last, 0))
    assert 'class="during"' in svg


def test_lanes_are_ordered_by_place(lanes) -> None:
    names = [one.vantage for one in axis.order(lanes)]
    assert names == sorted(names)
