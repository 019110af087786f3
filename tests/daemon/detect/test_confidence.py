import pytest

from daemon.detect.confidence import LEAST, MOST, confidence
from daemon.detect.step import Detection
from tests.lab.story import BLOCKPAGE, DROP, HOUR, Story, block, detect, events, february


def sure(story):
    return events(story.rows(2 * HOUR))[-1].confidence


def test_more_evidence_is_more_sure():
    one_series = sure(february().fails(DROP, HOUR, role="chat", vantage="ru1"))
    one_place = sure(block(february(), "ru1", HOUR))
    two_places = sure(block(february(), "ru1 ru2", HOUR))
    assert (one_series, one_place, two_places) == (0.7, 0.8, 0.95)


def test_the_lie_itself_is_sure():
    assert sure(february().fails(BLOCKPAGE, HOUR, endpoint="https://web.whatsapp.com/", vantage="ru1")) == 0.85


def test_without_comparators_it_is_less_sure():
    story = (
        Story()
        .vantage("a", "RU")
        .vantage("b", "NL")
        .service("w", "foreign", ("chat", "tcp", "g:1"), ("web", "tls", "w:1"))
    )
    assert sure(story.fails(DROP, HOUR, role="chat", vantage="a")) == 0.5


def test_a_place_that_is_not_heard_of_makes_it_less_sure():
    state = Detection()
    detect(block(february(), "ru1 ru2", HOUR).rows(2 * HOUR), state)
    case = state.open_cases()[0]
    assert case.event
    state.watches["ru2"].silent = state.now
    assert confidence(state, case, case.event) == pytest.approx(case.event.confidence - 0.2)


def test_it_stays_within_its_bounds():
    state = Detection()
    detect(block(february(), "ru1 ru2", HOUR).rows(2 * HOUR), state)
    case = state.open_cases()[0]
    assert case.event
    for member in case.members.values():
        member.artefact = True
    assert confidence(state, case, case.event) == MOST
    assert LEAST < MOST
