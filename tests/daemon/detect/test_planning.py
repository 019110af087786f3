from dataclasses import replace

from daemon.detect.planning import new_track, patience_of, take_plan
from daemon.detect.series import anew
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, SECOND, block, detect, february


def ready(story=None, until=HOUR):
    state = Detection()
    detect((story or february()).rows(until), state)
    return state


def test_a_plan_makes_series_and_places():
    state = Detection()
    assert take_plan(state, february().plan())
    assert len(state.tracks) == 3 * 8
    assert sorted(state.watches) == ["nl1", "ru1", "ru2"]
    assert sorted(state.watches["ru1"].lines) == ["", "ipv4"]
    assert state.index.beat == 10 * SECOND


def test_the_same_plan_is_none():
    state = ready()
    assert not take_plan(state, february().plan())
    assert not take_plan(state, replace(february().plan(), changed=("nothing",)))


def test_the_same_plan_excuses_silence():
    state = ready()
    take_plan(state, february().plan())
    assert {watch.life for watch in state.watches.values()} == {0}


def test_another_config_starts_a_series_anew():
    state = ready(february().fails(DROP, 0, role="chat"))
    plan = february().plan()
    first, *rest = [one for one in plan.assignments if one.series.role == "chat"]
    others = [one for one in plan.assignments if one.series != first.series]
    assert take_plan(state, replace(plan, assignments=(*others, replace(first, config="new"))))
    track = state.tracks[first.series]
    assert track == anew(track, "new")
    assert track.due > 0
    assert not track.down
    assert first.series not in state.down
    assert all(one.series in state.down for one in rest)


def test_another_interval_keeps_what_is_known():
    state = ready(block(february(), "ru1", 0))
    plan = february().plan()
    down = set(state.down)
    take_plan(state, replace(plan, assignments=tuple(replace(one, every=30) for one in plan.assignments)))
    assert state.down == down
    assert {track.every for track in state.tracks.values()} == {30 * SECOND}


def test_what_leaves_the_plan_is_forgotten():
    state = ready(block(february(), "ru1", 0))
    plan = february().plan()
    kept = tuple(one for one in plan.assignments if one.series.vantage == "nl1")
    take_plan(state, replace(plan, assignments=kept))
    assert set(state.tracks) == {one.series for one in kept}
    assert set(state.watches) == {"nl1"}
    assert state.down == set()
    gone = [key for key, value in state.changes().items() if value is None]
    assert len(gone) >= 2 + 16


def test_of_a_new_series_nothing_is_known():
    track = new_track(february().plan().assignments[0])
    assert (track.due, track.last, track.down, track.every) == (0, 0, False, 60 * SECOND)


def test_patience_is_two_intervals_and_the_timeout():
    planned = february().plan().assignments[0]
    assert patience_of(replace(planned, every=60, timeout=7.5)) == 127_500_000
