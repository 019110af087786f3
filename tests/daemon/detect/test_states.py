import pytest

from daemon.detect.states import BLOCKED, DEGRADED, OK, UNKNOWN, tell
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, MINUTE, SECOND, START, block, detect, february, states


def of(story, service="whatsapp", vantage="ru1", until=2 * HOUR):
    return [one for one in states(story.rows(until)) if (one.service, one.vantage) == (service, vantage)]


def test_all_is_well():
    assert {one.state for one in states(february().rows(HOUR))} == {OK}


def test_a_first_sight_comes_soon():
    state = Detection()
    rows = [row for row in february().rows(HOUR) if row.at < START + 1.2 * MINUTE * SECOND]
    told = detect(rows, state)
    assert len(told) > 4
    assert {one.state for one in told} == {OK}


def test_a_block_is_told_at_once():
    story = block(february(), "ru1", HOUR + 10)
    state, told = Detection(), []
    for row in story.rows(2 * HOUR):
        told += [(row.at, body) for body in detect([row], state)]
    first = next(at for at, body in told if getattr(body, "state", None) == BLOCKED and body.vantage == "ru1")
    event = next(at for at, body in told if getattr(body, "kind", None) == "block")
    assert first == event


def test_its_figures_follow_the_slots():
    last = of(block(february(), "ru1", HOUR))[-1]
    assert (last.state, last.availability, last.score) == (BLOCKED, 0.0, 1.0)


def test_a_series_that_is_down_by_itself_degrades_until_an_event_opens():
    story = february().fails(DROP, HOUR, service="whatsapp", role="chat", vantage="ru1")
    story.fails(DROP, 0, share=0.1, service="max controls", vantage="ru1")
    codes = [one.state for one in of(story)]
    assert DEGRADED in codes
    assert codes.index(DEGRADED) < codes.index(BLOCKED)
    assert of(story)[-1].availability == pytest.approx(0.75, abs=0.05)


def test_a_place_that_is_out_knows_nothing():
    story = february().fails(DROP, HOUR, vantage="ru1")
    assert of(story)[-1].state == UNKNOWN
    assert of(story, vantage="ru2")[-1].state == OK


def test_lost_records_lower_the_baseline():
    assert of(february().fails(DROP, 0, share=0.1, vantage="ru1"), until=6 * HOUR)[-1].baseline < 0.95


def test_told_again_nothing_is_new():
    state = Detection()
    detect(block(february(), "ru1", HOUR).rows(2 * HOUR), state)
    state.tell_at = state.now + 1
    tell(state)
    assert tell(state) == []
