import json

import pytest

from daemon.detect.places import Line, Watch
from daemon.detect.saved import (
    case_from,
    event_key,
    pack,
    pack_case,
    pack_plan,
    pack_track,
    pack_watch,
    plan_from,
    series_key,
    track_from,
    unpack,
    vantage_key,
    watch_from,
)
from daemon.detect.step import Detection
from tests.lab.story import HOUR, block, detect, february


@pytest.fixture(scope="module")
def state():
    made = Detection()
    detect(block(february(), "ru1", HOUR).rows(2 * HOUR), made)
    return made


def test_a_value_carries_its_version():
    assert pack([1, "a"]) == b'[1,1,"a"]'
    assert unpack("x", pack([1, "a"])) == [1, "a"]


def test_another_version_is_refused_by_name():
    with pytest.raises(ValueError, match="state of vantage/ru1 has form 2"):
        unpack("vantage/ru1", b"[2,3]")


def test_every_series_and_vantage_comes_back(state):
    for series, track in state.tracks.items():
        assert track_from(unpack("x", pack_track(series, track))) == (series, track)
    for vantage, watch in state.watches.items():
        assert watch_from(unpack("x", pack_watch(vantage, watch))) == (vantage, watch)
    odd = Watch({"": Line(1, True, 2), "ipv6": Line()}, False, 3, 4, 5, 6)
    assert watch_from(unpack("x", pack_watch("дом", odd))) == ("дом", odd)


def test_a_plan_comes_back():
    plan = february().plan()
    assert plan_from(unpack("plan", pack_plan(plan))) == plan


def test_an_event_comes_back_in_the_same_order(state):
    case = state.open_cases()[0]
    again = case_from(unpack("x", pack_case(case)))
    assert again == case
    assert list(again.members) == list(case.members)
    assert again.event == case.event


def test_a_healthy_series_is_small(state):
    series, track = next((one, track) for one, track in state.tracks.items() if not track.fails)
    assert len(pack_track(series, track)) < 300
    assert json.loads(pack_track(series, track))[0] == 1


def test_keys_do_not_clash(state):
    keys = [series_key(series) for series in state.tracks]
    assert len(set(keys)) == len(keys)
    assert len({vantage_key("plan"), event_key("plan"), "plan"}) == 3
