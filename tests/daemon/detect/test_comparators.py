from tests.lab.story import DROP, HOUR, Story, block, events, february


def compared(story):
    return events(story.rows(2 * HOUR))[-1].comparators


def test_domestic_services_by_name_and_controls_as_one():
    assert compared(block(february(), "ru1", HOUR)) == {"max": "reachable", "controls": "reachable"}
    assert list(compared(block(february(), "ru1", HOUR))) == ["max", "controls"]


def test_one_that_fails_at_the_same_places():
    found = events(block(february(), "ru1", HOUR).fails(DROP, HOUR, service="max", vantage="ru1").rows(2 * HOUR))
    blocked = [one for one in found if one.service == "whatsapp"][-1]
    assert "max" in blocked.comparators
    domestic = [one for one in found if one.service == "max"][-1]
    assert set(domestic.comparators) == {"controls"}


def test_elsewhere_does_not_matter():
    found = events(block(february(), "ru1", HOUR).fails(DROP, HOUR, service="max", vantage="nl1").rows(2 * HOUR))
    assert [one for one in found if one.service == "whatsapp"][-1].comparators["max"] == "reachable"


def test_one_that_was_not_heard_of_since_is_unknown():
    story = block(february(), "ru1", HOUR)
    story.endpoints = [one for one in story.endpoints if one.service != "max"]
    slow = [one for one in february().endpoints if one.service == "max"]
    story.also(*(type(one)(one.service, one.role, one.target, one.probe, every=7200) for one in slow))
    assert compared(story)["max"] in {"unknown", "reachable"}
    told = events(story.rows(HOUR + 600))
    assert told[-1].comparators["max"] == "unknown"


def test_none_are_measured():
    story = Story().vantage("a", "RU").vantage("b", "NL")
    story.service("whatsapp", "foreign", ("chat", "tcp", "g:1"), ("web", "http", "https://w/"))
    event = events(story.fails(DROP, HOUR, role="chat", vantage="a").rows(2 * HOUR))[-1]
    assert event.comparators == {}
    assert "no comparator is measured" in event.against
