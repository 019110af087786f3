from daemon.detect.events import REOPEN, evaluate
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, MINUTE, STATUS, after, block, detect, events, february, last_of_each


def test_looking_twice_tells_nothing_new():
    state = Detection()
    detect(block(february(), "ru1 ru2", HOUR).rows(2 * HOUR), state)
    assert len(state.open_cases()) == 1
    assert evaluate(state) == []


def test_an_event_of_one_service_that_was_the_first_sign_of_an_outage_becomes_the_outage():
    story = february().fails(DROP, HOUR, 2 * HOUR, service="whatsapp", vantage="ru1")
    told = events(story.fails(DROP, HOUR + 4.2 * MINUTE, 2 * HOUR, vantage="ru1").rows(3 * HOUR))
    assert len(last_of_each(told)) == 1
    assert [told[0].kind, told[-1].kind] == ["block", "vantage_outage"]
    assert (told[0].service, told[-1].service, told[-1].roles) == ("whatsapp", None, ())


def test_two_first_signs_end_in_one_outage():
    story = february().service("telegram", "foreign", ("web", "http", "https://t/"), ("chat", "tcp", "t:443"))
    story.fails(DROP, HOUR, 2 * HOUR, service="whatsapp telegram", vantage="ru1")
    told = events(story.fails(DROP, HOUR + 4.2 * MINUTE, 2 * HOUR, vantage="ru1").rows(3 * HOUR))
    found = last_of_each(told)
    assert {one.state for one in found} == {"ended"}
    wide = next(one for one in found if one.kind == "vantage_outage")
    other = next(one for one in found if one.kind == "block")
    assert other.summary.endswith(f"part of event {wide.id}")
    assert after(other.ended) < HOUR + 10 * MINUTE
    assert len(found) == 2


def test_a_vantage_outage_grows_into_one_of_the_network():
    story = (
        february().fails(DROP, HOUR, 2 * HOUR, vantage="ru1").fails(DROP, HOUR + 5 * MINUTE, 2 * HOUR, vantage="ru2")
    )
    told = events(story.rows(3 * HOUR))
    assert len(last_of_each(told)) == 1
    assert [told[0].kind, told[-1].kind] == ["vantage_outage", "network_outage"]
    assert told[-1].onset == told[0].onset
    assert told[-1].state == "ended"


def test_a_block_that_turns_out_to_be_everywhere_is_an_outage():
    story = february().fails(STATUS, HOUR, service="whatsapp", vantage="ru1 ru2")
    told = events(story.fails(STATUS, HOUR + 8 * MINUTE, service="whatsapp", vantage="nl1").rows(2 * HOUR))
    assert len(last_of_each(told)) == 1
    assert [told[0].kind, told[-1].kind] == ["block", "service_outage"]


def test_recovery_in_one_country_first_does_not_change_the_kind():
    story = february().fails(STATUS, HOUR, 2 * HOUR, service="whatsapp", vantage="nl1")
    told = events(story.fails(STATUS, HOUR, 3 * HOUR, service="whatsapp", vantage="ru1 ru2").rows(4 * HOUR))
    assert {one.kind for one in told} == {"service_outage"}
    assert len(last_of_each(told)) == 1


def test_one_recovered_place_does_not_close():
    story = block(block(february(), "ru1", HOUR, 2 * HOUR), "ru2", HOUR, 3 * HOUR)
    told = events(story.rows(4 * HOUR))
    assert after(told[-1].ended) >= 3 * HOUR
    assert [one.state for one in told].count("ended") == 1


def test_what_ended_long_ago_is_forgotten():
    state = Detection()
    detect(block(february(), "ru1 ru2", HOUR, 2 * HOUR).rows(2 * HOUR + REOPEN / 1e6 + 10 * MINUTE), state)
    assert state.cases == {}
