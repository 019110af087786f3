from daemon.detect.state import HEARTBEAT, NEAR, Detection, beat_of, index_of, restore
from daemon.rows import Place
from tests.lab.story import HOUR, SECOND, Endpoint, block, detect, february


def test_what_is_not_planned_has_no_place_and_is_foreign():
    state = Detection()
    assert state.place("ru1") == Place()
    assert state.side("whatsapp") == "foreign"
    assert state.flash() == 30 * SECOND


def test_the_plan_says_places_and_sides():
    state = Detection()
    detect(february(flash=2.5).rows(0), state)
    assert state.place("ru1") == Place("RU", 12389)
    assert [state.side(name) for name in ("whatsapp", "max", "controls")] == ["foreign", "domestic", "control"]
    assert state.flash() == 2_500_000


def test_the_index_knows_who_belongs_to_whom():
    story = february().also(Endpoint("whatsapp", "chat", "g:5222", "tcp", "ipv6", ("ru1",)))
    index = index_of(story.plan())
    assert len(index.by_vantage["ru1"]) == 9
    assert index.families["ru1", "ipv6"] == {"whatsapp"}
    assert len(index.controls["ru1", ""]) == len(index.controls["ru1", "ipv4"]) == 2
    assert ("ru1", "ipv6") not in index.controls


def test_a_beat_is_ten_seconds_or_the_shortest_interval():
    assert beat_of([60, 300]) == HEARTBEAT
    assert beat_of([60, 1]) == SECOND
    assert beat_of([]) == HEARTBEAT


def test_near_grows_with_the_interval():
    state = Detection()
    detect(february(every=600).rows(0), state)
    assert state.near() == NEAR
    assert state.near(*state.tracks.values()) == 3000 * SECOND


def test_only_what_changed_is_saved():
    state = Detection()
    rows = february().rows(HOUR)
    detect(rows, state)
    state.changes()
    detect(february().rows(HOUR + 70)[len(rows) :][:1], state)
    assert len(state.changes()) <= 3


def test_restored_it_is_equal_in_all_that_is_saved():
    state = Detection()
    detect(block(february(), "ru1", HOUR).rows(2 * HOUR), state)
    saved = {key: value for key, value in state.changes().items() if value is not None}
    again = restore(saved)
    assert again.plan == state.plan
    assert again.tracks == state.tracks
    assert again.watches == state.watches
    assert again.cases == state.cases
    assert again.states == state.states
    assert again.down == state.down
    assert (again.now, again.lived, again.look_at, again.looked, again.stirred, again.tell_at) == (
        state.now,
        state.lived,
        state.look_at,
        state.looked,
        state.stirred,
        state.tell_at,
    )
    assert again.changes() == {}


def test_nothing_saved_is_a_new_state():
    assert restore({}) == Detection()
