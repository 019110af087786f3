from daemon.detect.background import LONGEST, needed
from daemon.detect.series import RUN
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, detect, february


def needs(story, vantage="ru1"):
    state = Detection()
    detect(story.rows(12 * HOUR), state)
    series = next(one for one in story.series() if one.vantage == vantage and one.role == "chat")
    return needed(state, series, state.tracks[series])


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
