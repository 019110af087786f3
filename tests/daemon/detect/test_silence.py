import pytest

from daemon.detect.silence import alive, excuse, listen, pass_time
from daemon.detect.step import Detection
from tests.lab.story import HOUR, SECOND, detect, february


@pytest.fixture
def state():
    made = Detection()
    detect(february().rows(HOUR), made)
    return made


def wait(state, seconds, *heard):
    """Seconds pass in which others write a row each second."""
    for _ in range(seconds):
        pass_time(state, state.now + SECOND)
        for vantage in heard:
            alive(state, vantage)


def test_three_missed_heartbeats_are_silence(state):
    wait(state, 20, "ru1", "nl1")
    assert not listen(state)
    wait(state, 15, "ru1", "nl1")
    assert listen(state)
    assert [vantage for vantage, watch in state.watches.items() if watch.silent] == ["ru2"]
    assert not listen(state)


def test_a_sign_of_life_ends_it(state):
    wait(state, 60, "ru1", "nl1")
    listen(state)
    assert alive(state, "ru2")
    assert not alive(state, "ru2")
    assert state.watches["ru2"].woke == state.now


def test_a_jump_in_which_nobody_wrote_is_none(state):
    pass_time(state, state.now + 10 * HOUR * SECOND)
    assert not listen(state)


def test_an_excused_vantage_is_not_silent_until_it_was_heard_again(state):
    excuse(state, ["ru2"])
    wait(state, 100, "ru1", "nl1")
    assert not listen(state)
    alive(state, "ru2")
    wait(state, 100, "ru1", "nl1")
    assert listen(state)


def test_time_does_not_go_back(state):
    now = state.now
    pass_time(state, now - 5)
    assert state.now == now
