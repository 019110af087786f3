from lab.story import DROP, HOUR, MINUTE, block, detect, february

from daemon.detect.step import Detection
from daemon.detect.wide import hypotheses


def said(story, until):
    state = Detection()
    detect(story.rows(until), state)
    return [(one.kind, one.vantages, one.mechanism) for one in hypotheses(state)]


def telegram():
    return february().service("telegram", "foreign", ("web", "http", "https://t/"), ("chat", "tcp", "t:443"))


def test_nothing_where_all_is_well():
    assert said(february(), HOUR) == []


def test_a_block_concerns_no_place():
    assert said(block(february(), "ru1 ru2", 0), HOUR) == []


def test_one_place():
    assert said(february().fails(DROP, HOUR, vantage="ru1"), HOUR + 5 * MINUTE) == [
        ("vantage_outage", ["ru1"], "outage")
    ]


def test_a_silent_place():
    assert said(february().silent("ru1", HOUR), HOUR + 2 * MINUTE) == [("vantage_outage", ["ru1"], "outage")]


def test_a_country():
    story = february().fails(DROP, HOUR, vantage="ru1 ru2")
    assert said(story, HOUR + 6 * MINUTE) == [("network_outage", ["ru1", "ru2"], "outage")]


def test_two_places_of_a_country_at_different_times_are_two_stories():
    story = february().fails(DROP, HOUR, vantage="ru1").fails(DROP, 3 * HOUR, vantage="ru2")
    assert said(story, 3 * HOUR + 6 * MINUTE) == [
        ("vantage_outage", ["ru1"], "outage"),
        ("vantage_outage", ["ru2"], "outage"),
    ]


def test_everywhere():
    assert said(february().fails(DROP, HOUR), HOUR + 6 * MINUTE) == [
        ("vantage_outage", ["nl1", "ru1", "ru2"], "outage")
    ]


def test_a_whitelist_needs_several_places():
    dead = {"service": "whatsapp telegram controls"}
    both = telegram().fails(DROP, HOUR, vantage="ru1 ru2", **dead)
    assert said(both, HOUR + 6 * MINUTE) == [("network_outage", ["ru1", "ru2"], "whitelist")]
    assert said(telegram().fails(DROP, HOUR, vantage="ru1", **dead), HOUR + 6 * MINUTE) == []


def test_foreign_services_that_are_blocked_beside_living_controls_are_no_whitelist():
    story = telegram().fails(DROP, HOUR, vantage="ru1 ru2", service="whatsapp telegram")
    assert said(story, HOUR + 6 * MINUTE) == []


def test_most_services_of_a_country_are_an_outage_of_the_network():
    story = telegram().service("signal", "foreign", ("chat", "tls", "s:443"))
    story.fails(DROP, HOUR, vantage="ru1 ru2", service="whatsapp telegram max controls")
    assert said(story, HOUR + 6 * MINUTE) == [("network_outage", ["ru1", "ru2"], "outage")]


def test_a_third_place_that_works_speaks_against_the_country():
    story = february().vantage("ru3", "RU", 8402).fails(DROP, HOUR, vantage="ru1 ru2")
    assert [kind for kind, *_rest in said(story, HOUR + 6 * MINUTE)] == ["vantage_outage", "vantage_outage"]
