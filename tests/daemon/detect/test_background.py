from dataclasses import replace

from daemon.detect.background import LONGEST, needed, speaks_alone
from daemon.detect.series import RUN
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, detect, february


def chat_of(story, vantage="ru1"):
    state = Detection()
    detect(story.rows(12 * HOUR), state)
    series = next(one for one in story.series() if one.vantage == vantage and one.role == "chat")
    return state, series, state.tracks[series]


def needs(story, vantage="ru1"):
    return needed(*chat_of(story, vantage))


def speaks_after(story):
    """Failing slots in a row after which the chat speaks for itself."""
    state, series, track = chat_of(story)
    return next(run for run in range(1, 1000) if speaks_alone(state, series, replace(track, bad=run)))


def test_three_are_enough_where_nothing_is_lost():
    assert needs(february()) == RUN


def test_more_are_needed_where_other_services_lose_records():
    assert needs(february().fails(DROP, 0, share=0.1, vantage="ru1", service="max controls")) >= 6
    assert needs(february().fails(DROP, 0, share=0.1, vantage="ru1", service="max controls"), "ru2") == RUN


def test_more_are_needed_of_a_series_that_loses_records_itself():
    assert needs(february().fails(DROP, 0, share=0.1, role="chat")) >= 5


def test_what_is_blocked_is_no_loss():
    assert needs(february().fails(DROP, 6 * HOUR, service="max", vantage="ru1")) == RUN


def test_it_is_bounded():
    assert needs(february().fails(DROP, 0, share=0.5, vantage="ru1")) <= LONGEST


def test_nine_speak_for_themselves_where_little_is_lost():
    assert speaks_after(february()) == 9
    assert speaks_after(february().fails(DROP, 0, share=0.02, role="chat")) == 9


def test_more_speak_for_themselves_where_much_is_lost():
    assert 10 <= speaks_after(february().fails(DROP, 0, share=0.15, role="chat", vantage="ru1")) <= 30
