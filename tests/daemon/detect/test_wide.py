from dataclasses import replace

from daemon.detect.step import Detection
from daemon.detect.wide import hypotheses
from daemon.rows import Event
from tests.lab.story import DROP, HOUR, MINUTE, NXDOMAIN, Endpoint, block, detect, february


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


def lying(until=1e9):
    """One resolver denies every name; a service that is measured by its address goes on answering."""
    story = (
        february()
        .service("signal", "foreign", ("chat", "tls", "c:443"))
        .also(Endpoint("telegram", "chat", "149.154.167.51:443", "tcp"))
    )
    story.sides["telegram"] = "foreign"
    return story.fails(NXDOMAIN, HOUR, until, vantage="ru1", service="whatsapp signal max controls")


def test_a_place_whose_line_lies_is_out_though_an_address_still_answers():
    assert said(lying(), HOUR + 6 * MINUTE) == [("vantage_outage", ["ru1"], "outage")]


def test_the_lie_ends_with_it_and_is_told_as_one_event():
    revisions = [row for row in detect(lying(2 * HOUR).rows(3 * HOUR)) if isinstance(row, Event)]
    assert {event.kind for event in revisions} == {"vantage_outage"}
    assert len({event.id for event in revisions}) == 1
    assert revisions[-1].ended is not None


def test_controls_that_answer_speak_against_a_lying_line():
    story = lying()
    story.troubles[-1] = replace(story.troubles[-1], concerns=lambda one: one.service == "whatsapp")
    assert said(story, HOUR + 6 * MINUTE) == []
