"""Stories: what happened on the network, and the one event that it must become."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.detect.step import Detection, step
from daemon.rows import Change, ClockStep, Direction, Event, Health, Heartbeat, Row, State, event_id
from probes.record import Failure, Kind, Phase, Record, Series
from tests.lab.story import (
    BLOCKPAGE,
    CONTROLS,
    DAY,
    DNS_SILENCE,
    DROP,
    FALSE_CERTIFICATE,
    HOUR,
    INJECTION,
    LOCAL,
    MAX,
    MINUTE,
    NXDOMAIN,
    REFUSED,
    REWRITE,
    SECOND,
    SERVFAIL,
    START,
    STATUS,
    TLS_DROP,
    TLS_RESET,
    UNREACHABLE,
    WHATSAPP,
    Endpoint,
    Story,
    after,
    attempt,
    block,
    changes,
    confirmations,
    demo,
    detect,
    ended,
    events,
    february,
    gaps,
    last_of_each,
    messengers,
    numbered,
    restarted,
    states,
    the_event,
)

FEBRUARY = {"chat": "tcp.drop", "media": "tcp.drop", "web": "dns.nxdomain"}


def at_once(rows):
    return [(row.at, row.body) for row in rows]


# ---- the block ----------------------------------------


def test_february_2026():
    rows = block(february(), "ru1 ru2", 30 * MINUTE, 90 * MINUTE).rows(2.5 * HOUR)
    event = the_event(rows)
    assert (event.kind, event.service, event.state) == ("block", "whatsapp", "ended")
    assert event.mechanisms == FEBRUARY
    assert event.mechanism == "tcp.drop"
    assert event.roles == ("chat", "media", "web")
    assert event.scope.vantages == ("ru1", "ru2")
    assert (event.scope.countries, event.scope.asns) == (("RU",), (12389, 31133))
    assert event.comparators == {"controls": "reachable", "max": "reachable"}
    earliest, latest = map(after, event.onset)
    assert earliest < 30 * MINUTE <= latest < 31.2 * MINUTE
    assert 90 * MINUTE <= after(event.ended) < 92 * MINUTE
    assert any(one.state == "confirmed" for one in events(rows))
    assert after(event.detected) < 34 * MINUTE


def test_the_summary_says_it_in_a_sentence():
    told = events(block(february(), "ru1 ru2", 30 * MINUTE).rows(HOUR))[-1]
    assert told.summary == (
        "whatsapp chat and media: no TCP connection from RU (2 of 2 vantages) since 20:30 UTC; "
        "web: the name does not exist at its resolver; max and controls reachable; consistent with blocking"
    )
    assert told.against == ""


def test_the_name_of_an_event_comes_from_its_first_revision():
    first, *later = events(block(february(), "ru1 ru2", 30 * MINUTE, HOUR).rows(2 * HOUR))
    series = next(one for one in february().plan().assignments if one.series.endpoint == "mmg.whatsapp.net:443")
    slots = {
        (first.onset[1] // SECOND - one.offset) // one.every
        for one in february().plan().assignments
        if one.series.service == "whatsapp" and one.series.vantage in {"ru1", "ru2"}
    }
    assert series.every == 60
    assert first.id in {event_id("whatsapp", "block", first.scope, slot) for slot in slots}
    assert {one.id for one in later} == {first.id}
    assert [one.revision for one in (first, *later)] == list(range(1, len(later) + 2))


@pytest.mark.parametrize("seed", range(8))
def test_the_shape_of_the_demo(seed):
    story = demo()
    story.seed = seed
    event = the_event(block(story, "moscow", 12 + seed / 8, 30).rows(45))
    assert (event.kind, event.state, event.scope.vantages) == ("block", "ended", ("moscow",))
    assert event.mechanisms == FEBRUARY
    assert any(one.state == "confirmed" for one in events(block(story, "moscow", 12 + seed / 8, 30).rows(45)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), start=st.floats(5, 7), lasts=st.floats(14, 18))
def test_the_demo_in_any_order_of_arrival(seed, start, lasts):
    story = block(demo(), "moscow", start, start + lasts)
    dice = random.Random(seed)
    jittered = [(at + round(dice.random() * 0.2 * SECOND), body) for at, body in at_once(story.rows(35))[1:]]
    event = the_event(numbered([at_once(story.rows(0))[0], *jittered]))
    assert (event.kind, event.state, event.scope.vantages) == ("block", "ended", ("moscow",))
    assert event.mechanisms == FEBRUARY


def test_a_place_that_falls_later_joins_the_same_event():
    story = block(february(), "ru1", 30 * MINUTE)
    told = events(block(story, "ru2", 60 * MINUTE).rows(2 * HOUR))
    assert len(last_of_each(told)) == 1
    assert told[0].scope.vantages == ("ru1",)
    assert told[-1].scope.vantages == ("ru1", "ru2")
    assert told[-1].onset == told[0].onset
    assert told[-1].kind == "block"


def test_roles_that_fall_later_join_the_same_event():
    story = february().fails(NXDOMAIN, 20 * MINUTE, service="whatsapp", role="web", vantage="ru1 ru2")
    story.fails(DROP, 50 * MINUTE, service="whatsapp", role="chat", vantage="ru1 ru2")
    told = events(story.rows(80 * MINUTE))
    assert len(last_of_each(told)) == 1
    assert told[0].roles == ("web",)
    assert told[-1].mechanisms == {"chat": "tcp.drop", "web": "dns.nxdomain"}


def test_one_network_of_a_country():
    event = the_event(block(february(), "ru2", 30 * MINUTE, HOUR).rows(2 * HOUR))
    assert (event.kind, event.scope.vantages, event.scope.asns) == ("block", ("ru2",), (31133,))


def chat_fails_at_one_place(story: Story, until: float = 1e9) -> list[Event]:
    """What is told when one endpoint of several fails at one place after an hour."""
    story.fails(DROP, HOUR, until, service="whatsapp", role="chat", vantage="ru1")
    return events(story.rows(3 * HOUR))


def test_one_endpoint_of_several_at_one_place_is_confirmed_when_it_fails_for_long():
    told = chat_fails_at_one_place(february())
    assert len(last_of_each(told)) == 1
    assert [one.state for one in told] == ["suspected", "confirmed"]
    assert HOUR + 8 * MINUTE <= after(told[-1].at) <= HOUR + 11 * MINUTE
    assert told[-1].confidence < the_event(block(february(), "ru1", HOUR).rows(3 * HOUR)).confidence
    assert told[-1].roles == ("chat",)
    assert told[-1].scope.endpoints == ("g.whatsapp.net:5222",)
    assert "media and web of the same service answer there" in told[-1].against


def test_one_endpoint_at_one_place_that_fails_for_some_minutes_is_never_confirmed():
    told = chat_fails_at_one_place(february(), HOUR + 6 * MINUTE)
    assert [one.state for one in told] == ["suspected", "ended"]


def test_one_endpoint_that_no_other_place_reaches_stays_a_suspicion():
    story = february()
    story.endpoints = [replace(one, vantages=("ru1",)) if one.role == "chat" else one for one in story.endpoints]
    told = chat_fails_at_one_place(story)
    assert {one.state for one in told} == {"suspected"}


def test_a_lie_on_record_confirms_alone():
    told = events(february().fails(BLOCKPAGE, HOUR, endpoint="https://web.whatsapp.com/", vantage="ru1").rows(2 * HOUR))
    assert told[-1].state == "confirmed"
    assert told[-1].mechanism == "http.blockpage"
    assert told[-1].summary.endswith("blocked: a block page on record")


def test_ipv6_only():
    story = february().also(
        Endpoint("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ipv6"),
        Endpoint("whatsapp", "media", "mmg.whatsapp.net:443", "tls", "ipv6"),
    )
    event = the_event(story.fails(DROP, HOUR, service="whatsapp", family="ipv6", vantage="ru1 ru2").rows(2 * HOUR))
    assert (event.kind, event.scope.vantages, event.roles) == ("block", ("ru1", "ru2"), ("chat", "media"))


def test_the_ipv6_line_of_a_place_is_no_block():
    story = february().also(
        Endpoint("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ipv6"),
        Endpoint("controls", "site", "example.com:443", "tls", "ipv6"),
    )
    event = the_event(story.fails(DROP, HOUR, 2 * HOUR, family="ipv6", vantage="ru1").rows(3 * HOUR))
    assert (event.kind, event.scope.vantages, event.state) == ("vantage_outage", ("ru1",), "ended")
    assert "over IPv6" in event.summary


def test_two_services_blocked_are_two_events():
    story = february().service(
        "telegram", "foreign", ("web", "http", "https://web.telegram.org/"), ("chat", "tcp", "t:443")
    )
    block(story, "ru1 ru2", HOUR).fails(DROP, HOUR, service="telegram", vantage="ru1 ru2")
    found = last_of_each(events(story.rows(2 * HOUR)))
    assert sorted((one.kind, one.service) for one in found) == [("block", "telegram"), ("block", "whatsapp")]


def test_blocks_of_two_countries_at_different_times_are_two_events():
    story = february().vantage("ir1", "IR", 58224)
    block(story, "ru1 ru2", HOUR)
    found = last_of_each(events(block(story, "ir1", 5 * HOUR).rows(6 * HOUR)))
    assert [(one.kind, one.scope.vantages) for one in found] == [("block", ("ru1", "ru2")), ("block", ("ir1",))]


def test_when_a_blocked_service_dies_everywhere_the_block_stays_a_block():
    story = block(february(), "ru1 ru2", HOUR).fails(STATUS, 5 * HOUR, 6 * HOUR, service="whatsapp", vantage="nl1")
    found = last_of_each(events(story.rows(8 * HOUR)))
    assert [(one.kind, one.scope.vantages) for one in found] == [
        ("block", ("ru1", "ru2")),
        ("service_outage", ("nl1",)),
    ]


# ---- the kinds ----------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_service_that_is_down_everywhere(seed):
    story = february(seed=seed).fails(STATUS, HOUR + seed * 11, 2 * HOUR, service="whatsapp")
    told = events(story.rows(3 * HOUR))
    assert len(last_of_each(told)) == 1
    assert {one.kind for one in told} == {"service_outage"}
    assert told[-1].scope.countries == ("NL", "RU")
    assert told[-1].mechanism == "status"
    assert told[-1].state == "ended"


def test_seen_from_one_country_only_it_can_not_be_told():
    story = messengers(Story().vantage("ru1", "RU", 12389).vantage("ru2", "RU", 31133))
    event = the_event(story.fails(DROP, HOUR, 2 * HOUR, service="whatsapp").rows(3 * HOUR))
    assert (event.kind, event.scope.vantages) == ("unreachable", ("ru1", "ru2"))
    assert "cannot be told apart" in event.summary


def test_seen_from_places_of_unknown_country_it_can_not_be_told():
    event = the_event(
        messengers(Story().vantage("a").vantage("b")).fails(DROP, HOUR, service="whatsapp").rows(2 * HOUR)
    )
    assert (event.kind, event.scope.vantages, event.scope.countries) == ("unreachable", ("a", "b"), ())


def test_another_country_that_speaks_later_changes_the_kind():
    story = february().silent("nl1", 0, 2 * HOUR)
    told = events(block(story, "ru1 ru2", HOUR).rows(4 * HOUR))
    assert len(last_of_each(told)) == 1
    assert told[0].kind == "unreachable"
    assert told[-1].kind == "block"


def test_the_uplink_of_one_vantage():
    event = the_event(february().fails(DROP, HOUR, 2 * HOUR, vantage="ru1").rows(3 * HOUR))
    assert (event.kind, event.service, event.roles, event.mechanism) == ("vantage_outage", None, (), "outage")
    assert event.scope.vantages == ("ru1",)
    assert event.state == "ended"
    assert 2 * HOUR <= after(event.ended) < 2 * HOUR + 70


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1000), start=st.floats(15, 20), length=st.integers(4, 12), every=st.sampled_from([1, 1, 60]))
def test_a_dead_uplink_is_never_a_block_in_whatever_order_its_failures_come(seed, start, length, every):
    story = demo() if every == 1 else february()
    name = max(story.places)
    story.seed = seed
    story.fails(DROP, start * every, (start + length) * every, vantage=name, probe="tcp tls")
    story.fails(NXDOMAIN, start * every, (start + length) * every, vantage=name, probe="dns http")
    found = last_of_each(events(story.rows((start + length + 20) * every)))
    assert {(one.kind, one.scope.vantages) for one in found} <= {("vantage_outage", (name,))}
    assert length < 6 or len(found) == 1


def test_a_flake_just_before_the_uplink_dies_is_no_block():
    story = demo().fails(DROP, 18.9, 19.8, service="whatsapp", vantage="moscow").fails(DROP, 20.3, 60, vantage="moscow")
    assert the_event(story.rows(50)).kind == "vantage_outage"


def test_all_places_at_once_are_ourselves():
    found = last_of_each(events(february().fails(DROP, HOUR, 2 * HOUR).rows(3 * HOUR)))
    assert [(one.kind, one.scope.vantages) for one in found] == [("vantage_outage", ("nl1", "ru1", "ru2"))]


def test_a_country_that_loses_its_way_out():
    event = the_event(february().fails(DROP, HOUR, 2 * HOUR, vantage="ru1 ru2").rows(3 * HOUR))
    assert (event.kind, event.service, event.mechanism) == ("network_outage", None, "outage")
    assert (event.scope.vantages, event.scope.countries, event.state) == (("ru1", "ru2"), ("RU",), "ended")


def test_a_network_that_loses_its_way_out():
    story = messengers(Story().vantage("ru1", "RU", 12389).vantage("ru2", "RU", 12389).vantage("ru3", "RU", 31133))
    story.vantage("ru4", "RU", 8402).vantage("nl1", "NL", 1103)
    event = the_event(story.fails(DROP, HOUR, 2 * HOUR, vantage="ru1 ru2").rows(3 * HOUR))
    assert (event.kind, event.scope.vantages, event.scope.asns) == ("network_outage", ("ru1", "ru2"), (12389,))


def test_a_whitelist():
    story = february().service("telegram", "foreign", ("web", "http", "https://web.telegram.org/"))
    story.fails(DROP, HOUR, 3 * HOUR, service="whatsapp telegram controls", vantage="ru1 ru2")
    told = events(story.rows(5 * HOUR))
    assert len(last_of_each(told)) == 1
    assert {(one.kind, one.mechanism) for one in told} == {("network_outage", "whitelist")}
    assert told[-1].scope.vantages == ("ru1", "ru2")
    assert told[-1].state == "ended"


def test_a_lossy_place_is_no_event():
    for share, seed in ((0.05, 1), (0.1, 2), (0.1, 3)):
        story = february(seed=seed).fails(DROP, 0, share=share, vantage="ru1")
        assert events(story.rows(12 * HOUR)) == []


def test_a_block_at_a_lossy_place_is_seen_later():
    story = february().fails(DROP, HOUR, share=0.08, vantage="ru1")
    event = the_event(block(story, "ru1", 6 * HOUR, 8 * HOUR).rows(10 * HOUR))
    assert (event.kind, event.scope.vantages) == ("block", ("ru1",))
    assert after(event.detected) - 6 * HOUR < 20 * MINUTE


def test_the_silence_of_a_vantage():
    told = events(february().silent("ru2", HOUR, 2 * HOUR).rows(3 * HOUR))
    (event,) = last_of_each(told)
    assert (event.kind, event.mechanism, event.scope.vantages, event.state) == (
        "vantage_outage",
        "outage",
        ("ru2",),
        "ended",
    )
    assert after(told[0].at) < HOUR + 60
    assert 2 * HOUR <= after(event.ended) < 2 * HOUR + 60


def test_without_heartbeats_silence_says_nothing():
    assert events(february(heartbeats=False).silent("ru2", HOUR, 2 * HOUR).rows(3 * HOUR)) == []


@pytest.mark.parametrize("reason", ["stop", "down", "pause"])
def test_a_daemon_that_was_stopped_was_not_silent(reason):
    story = february()
    rows = (
        at_once(story.rows(HOUR))
        + gaps(story, HOUR, 3 * HOUR, reason, 3 * HOUR)
        + at_once(story.rows(4 * HOUR, since=3 * HOUR))
    )
    assert events(numbered(rows)) == []


def test_a_machine_that_slept_was_not_silent():
    rows = at_once(february().rows(HOUR)) + at_once(february().rows(4 * HOUR, since=3 * HOUR))[1:]
    assert events(numbered(rows)) == []


def test_a_block_goes_on_through_the_silence_of_its_vantage():
    story = block(february(), "ru1", HOUR, 5 * HOUR).silent("ru1", 2 * HOUR, 3 * HOUR)
    found = last_of_each(events(story.rows(6 * HOUR)))
    assert sorted((one.kind, one.state) for one in found) == [("block", "ended"), ("vantage_outage", "ended")]
    assert max(after(one.ended) for one in found) >= 5 * HOUR


def test_a_block_goes_on_through_an_outage_of_its_vantage():
    story = block(february(), "ru1", HOUR, 5 * HOUR).fails(DROP, 2 * HOUR, 3 * HOUR, vantage="ru1")
    found = last_of_each(events(story.rows(6 * HOUR)))
    assert sorted((one.kind, one.state) for one in found) == [("block", "ended"), ("vantage_outage", "ended")]
    blocked = next(one for one in found if one.kind == "block")
    assert blocked.mechanisms == FEBRUARY


def mixed(seed: int) -> Story:
    """Two places, intervals of one to five minutes in any mix."""
    dice = random.Random(seed)
    story = Story(seed=seed).vantage("ru1", "RU", 12389).vantage("nl1", "NL", 1103)
    story.sides.update({"whatsapp": "foreign", "telegram": "foreign", "max": "domestic", "controls": "control"})
    telegram = (("web", "http", "https://web.telegram.org/"), ("chat", "tcp", "149.154.167.51:443"))
    for service, endpoints in (("whatsapp", WHATSAPP), ("telegram", telegram), ("max", MAX), ("controls", CONTROLS)):
        story.also(
            *(
                Endpoint(service, role, to, probe, every=dice.choice([60, 60, 120, 300]))
                for role, probe, to in endpoints
            )
        )
    return story


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1000), start=st.integers(3000, 4000), length=st.integers(60, 2400))
def test_an_uplink_dies_under_intervals_of_all_lengths(seed, start, length):
    story = mixed(seed).fails(DROP, start, start + length, vantage="ru1")
    told = events(story.rows(start + length + HOUR))
    assert {(one.kind, one.scope.vantages) for one in told} <= {("vantage_outage", ("ru1",))}
    assert len(last_of_each(told)) <= 1
    assert not told or told[-1].state == "ended"
    assert told or length < 1200


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 1000), start=st.integers(3000, 4000), length=st.integers(1800, 3600)
)  # six of the longest intervals
def test_a_block_under_intervals_of_all_lengths(seed, start, length):
    story = block(mixed(seed), "ru1", start, start + length).fails(DROP, 0, share=0.01)
    event = the_event(story.rows(start + length + HOUR))
    assert (event.kind, event.scope.vantages, event.state) == ("block", ("ru1",), "ended")
    assert event.mechanisms == FEBRUARY


def test_the_shipped_shape_one_line_at_home():
    story = messengers(Story().vantage("home"))
    event = the_event(block(story, "home", HOUR, 2 * HOUR).rows(3 * HOUR))
    assert (event.kind, event.scope.vantages, event.mechanisms) == ("unreachable", ("home",), FEBRUARY)
    outage = messengers(Story().vantage("home")).fails(DROP, HOUR, 2 * HOUR)
    assert the_event(outage.rows(3 * HOUR)).kind == "vantage_outage"


def test_a_place_with_one_service_and_no_control_can_only_say_that_nothing_answers():
    story = Story().vantage("home", "RU").service("whatsapp", "foreign", *WHATSAPP)
    assert the_event(story.fails(DROP, HOUR, 2 * HOUR).rows(3 * HOUR)).kind == "vantage_outage"
    story = Story().vantage("home", "RU").service("whatsapp", "foreign", *WHATSAPP)
    assert the_event(story.fails(DROP, HOUR, 2 * HOUR, role="chat").rows(3 * HOUR)).kind == "unreachable"


def test_a_certificate_that_only_one_place_is_shown_confirms_alone_at_once():
    story = february().fails(FALSE_CERTIFICATE, HOUR, endpoint="mmg.whatsapp.net:443", vantage="ru1")
    event = events(story.rows(HOUR + 6 * MINUTE))[-1]
    assert (event.kind, event.mechanism, event.state) == ("block", "tls.mitm", "confirmed")
    assert "on record" in event.summary


def test_a_rotated_certificate_is_an_outage_and_no_forgery():
    event = the_event(
        february().fails(FALSE_CERTIFICATE, HOUR, 2 * HOUR, endpoint="mmg.whatsapp.net:443").rows(3 * HOUR)
    )
    assert (event.kind, event.mechanism) == ("service_outage", "certificate")


@pytest.mark.parametrize(
    ("how", "mechanism"),
    [(REWRITE, "dns.rewrite"), (INJECTION, "dns.injection"), (SERVFAIL, "dns.servfail"), (DNS_SILENCE, "dns.timeout")],
)
def test_lies_and_silence_of_a_resolver(how, mechanism):
    story = february().fails(how, HOUR, 2 * HOUR, service="whatsapp", role="web", vantage="ru1")
    told = events(story.rows(3 * HOUR))
    assert told[-1].mechanisms == {"web": mechanism}
    assert ("on record" in told[0].summary) == (mechanism in {"dns.rewrite", "dns.injection"})


@pytest.mark.parametrize(
    ("how", "mechanism"), [(REFUSED, "tcp.reset"), (UNREACHABLE, "tcp.unreachable"), (TLS_DROP, "tls.drop")]
)
def test_what_stands_in_the_path(how, mechanism):
    story = february().fails(how, HOUR, 2 * HOUR, endpoint="mmg.whatsapp.net:443", vantage="ru1 ru2")
    event = the_event(story.rows(3 * HOUR))
    assert (event.kind, event.mechanism) == ("block", mechanism)


# ---- how long, and again ----------------------------------------


def test_a_flash_is_never_confirmed():
    story = block(demo(), "moscow", 12, 16)
    story.flash = 30.0
    told = events(story.rows(40))
    assert {one.state for one in told} == {"suspected", "ended"}


def test_what_comes_back_within_two_hours_is_the_same_event():
    story = block(block(february(), "ru1 ru2", HOUR, 2 * HOUR), "ru1 ru2", 3 * HOUR, 4 * HOUR)
    told = events(story.rows(5 * HOUR))
    assert len(last_of_each(told)) == 1
    assert told[-1].state == "ended"
    assert 3 * HOUR < after(told[-1].reopened) < 3 * HOUR + 5 * MINUTE
    assert after(told[-1].onset[1]) < 1.1 * HOUR
    assert after(told[-1].ended) >= 4 * HOUR


def test_what_comes_back_after_more_than_two_hours_is_another_event():
    story = block(block(february(), "ru1 ru2", HOUR, 2 * HOUR), "ru1 ru2", 5 * HOUR, 6 * HOUR)
    found = last_of_each(events(story.rows(7 * HOUR)))
    assert [one.state for one in found] == ["ended", "ended"]
    assert found[1].reopened is None


def test_flapping_is_one_event():
    story = february()
    for number in range(6):
        block(story, "ru1 ru2", HOUR + number * 12 * MINUTE, HOUR + (number * 12 + 6) * MINUTE)
    told = events(story.rows(4 * HOUR))
    assert len(last_of_each(told)) == 1
    assert told[-1].state == "ended"


def test_after_a_week_it_stands():
    told = events(block(february(every=3600, heartbeats=False), "ru1 ru2", DAY, 9 * DAY).rows(9.5 * DAY))
    assert [one.state for one in told][-3:] == ["confirmed", "standing", "ended"]
    assert after(told[-2].at) >= 8 * DAY


def test_recovery_freezes_the_mechanism():
    story = february().fails(DROP, HOUR, 2 * HOUR, service="whatsapp", role="chat media", vantage="ru1 ru2")
    story.fails(NXDOMAIN, HOUR, 3 * HOUR, service="whatsapp", role="web", vantage="ru1 ru2")
    event = the_event(story.rows(4 * HOUR))
    assert (event.mechanism, event.mechanisms) == ("tcp.drop", FEBRUARY)
    assert 3 * HOUR <= after(event.ended) < 3 * HOUR + 2 * MINUTE


def test_a_new_mechanism_is_a_revision():
    story = february().fails(TLS_RESET, HOUR, 2 * HOUR, endpoint="mmg.whatsapp.net:443", vantage="ru1 ru2")
    told = events(story.fails(DROP, 2 * HOUR, endpoint="mmg.whatsapp.net:443", vantage="ru1 ru2").rows(5 * HOUR))
    assert len(last_of_each(told)) == 1
    assert told[0].mechanism == "tls.reset"
    assert told[-1].mechanism == "tcp.drop"


# ---- late, twice, evidence ----------------------------------------


def test_nothing_comes_of_duplicates():
    rows = block(february(), "ru1 ru2", 30 * MINUTE, HOUR).rows(2 * HOUR)
    dice = random.Random(4)
    twice = at_once(rows) + [
        (row.at + dice.randrange(90) * SECOND, row.body) for row in rows[1:] if isinstance(row.body, Record)
    ]
    doubled = detect(numbered(twice))
    assert [one for one in doubled if isinstance(one, Change)] == [
        one for one in detect(rows) if isinstance(one, Change)
    ]
    plain = events(rows)
    told = [one for one in doubled if isinstance(one, Event)]
    assert [(one.id, one.state, one.onset, one.ended, one.mechanisms) for one in told] == [
        (one.id, one.state, one.onset, one.ended, one.mechanisms) for one in plain
    ]


def test_a_backlog_opens_nothing_by_itself():
    rows = block(february(), "ru1", 30 * MINUTE, 60 * MINUTE).rows(3 * HOUR)
    held = [
        row
        for row in rows
        if isinstance(row.body, Record) and row.body.series.vantage == "ru1" and after(row.at) < 2 * HOUR
    ]
    other = [(row.at, row.body) for row in rows if row not in held]
    backlog = [(START + 2 * HOUR * SECOND + number, row.body) for number, row in enumerate(held)]
    assert events(numbered(other + backlog)) == []


def test_a_backlog_shows_when_it_began():
    rows = block(february(), "ru1", 30 * MINUTE).rows(3 * HOUR)
    held = [
        row
        for row in rows
        if isinstance(row.body, Record) and row.body.series.vantage == "ru1" and after(row.at) < 2 * HOUR
    ]
    other = [(row.at, row.body) for row in rows if row not in held]
    backlog = [(START + 2 * HOUR * SECOND + number, row.body) for number, row in enumerate(held)]
    event = the_event(numbered(other + backlog))
    assert event.detected >= START + 2 * HOUR * SECOND
    assert after(event.onset[1]) < 31.2 * MINUTE


def test_a_late_failure_moves_the_onset_and_nothing_else():
    story = block(february(), "ru1 ru2", 30 * MINUTE)
    rows = story.rows(HOUR)
    event = the_event(rows)
    series = next(one for one in story.series() if one.role == "chat" and one.vantage == "ru1")
    mine = [row.body for row in rows if isinstance(row.body, Record) and row.body.series == series]
    first = next(one for one in mine if one.failure)
    withheld = [(row.at, row.body) for row in rows if row.body is not first]
    before = the_event(numbered(withheld))
    late = the_event(numbered([*withheld, (START + 50 * MINUTE * SECOND, first)]))
    assert late.id == before.id
    assert late.onset[1] <= before.onset[1]
    assert late.onset[1] >= event.onset[1]
    assert late.ended is None


def test_a_repeat_that_succeeds_speaks_against():
    story = february().fails(DROP, HOUR, service="whatsapp", role="chat", vantage="ru1")
    rows = story.rows(2 * HOUR)
    failing = [row.body for row in rows if isinstance(row.body, Record) and row.body.failure]
    told = events(numbered(at_once(rows) + confirmations(failing[1], 15, 30, good=True)))
    plain = events(rows)
    assert "2 repeats succeeded meanwhile" in told[-1].against
    assert told[-1].confidence < plain[-1].confidence
    assert (told[-1].id, told[-1].onset) == (plain[-1].id, plain[-1].onset)


def test_a_repeat_that_fails_is_evidence_and_no_measurement():
    rows = february().fails(DROP, HOUR, HOUR + 100, service="whatsapp", role="chat", vantage="ru1").rows(2 * HOUR)
    failing = [row.body for row in rows if isinstance(row.body, Record) and row.body.failure]
    assert len(failing) < 3
    assert changes(numbered(at_once(rows) + confirmations(failing[0], 15, 30))) == []


def test_faults_of_our_own_are_skipped():
    assert detect(february().fails(LOCAL, HOUR, vantage="ru1").rows(2 * HOUR), Detection())[-1:] != []
    assert changes(february().fails(LOCAL, HOUR, vantage="ru1").rows(2 * HOUR)) == []


def test_a_gap_is_no_evidence():
    story = february().fails(DROP, HOUR, HOUR + 100, service="whatsapp", role="chat", vantage="ru1")
    rows = at_once(story.rows(HOUR + 100)) + gaps(story, HOUR + 100, 2 * HOUR, "overload", 2 * HOUR)
    assert changes(numbered(rows + at_once(story.rows(3 * HOUR, since=2 * HOUR))[1:])) == []


def test_ids_in_events_are_those_of_records():
    rows = block(february(), "ru1 ru2", 30 * MINUTE, HOUR).rows(2 * HOUR)
    ids = {row.body.id for row in rows if isinstance(row.body, Record)}
    for one in detect(rows):
        if isinstance(one, Event | Change):
            assert set(one.evidence) <= ids
            assert 0 < len(one.evidence) <= (24 if isinstance(one, Event) else 6)


# ---- changes of a series ----------------------------------------


def test_a_series_goes_down_after_three_and_up_after_three():
    rows = february().fails(DROP, HOUR, 2 * HOUR, service="whatsapp", role="chat", vantage="ru1").rows(3 * HOUR)
    down, up = changes(rows)
    mine = [row.body for row in rows if isinstance(row.body, Record) and row.body.series == down.series]
    bad = [one for one in mine if one.failure]
    good = [one for one in mine if not one.failure and one.began > bad[-1].began]
    assert (down.direction, down.phase, down.kind) == (Direction.DOWN, "tcp", "generic_timeout_error")
    assert (down.after, down.evidence) == (bad[0].began, tuple(one.id for one in bad[:3]))
    assert down.before < down.after <= down.at
    assert down.at == ended(bad[2])
    assert (up.direction, up.before, up.after) == (Direction.UP, bad[-1].began, good[0].began)
    assert up.evidence == tuple(one.id for one in good[:3])


def test_failures_of_two_phases_are_no_run():
    rows = at_once(february(heartbeats=False).rows(0))
    series = february().series()[2]
    for number, phase in enumerate((Phase.TCP, Phase.TCP, Phase.TLS, Phase.TLS, Phase.TCP)):
        due = START + (600 + 60 * number) * SECOND
        rows.append((due + SECOND, attempt(series, due, due, failure=Failure(phase, Kind.TIMEOUT))))
    assert changes(numbered(rows)) == []


# ---- plans ----------------------------------------


def test_the_same_plan_again_changes_nothing():
    story = block(february(), "ru1 ru2", HOUR, 2 * HOUR)
    rows = at_once(story.rows(3 * HOUR))
    again = [(START + minutes * MINUTE * SECOND, rows[0][1]) for minutes in (10, 70, 130)]
    assert detect(numbered(rows + again)) == detect(numbered(rows))


def test_series_that_leave_the_plan_leave_their_events():
    story = block(february(), "ru1 ru2", HOUR)
    fewer = block(february(), "ru1 ru2", HOUR)
    fewer.endpoints = [one for one in fewer.endpoints if one.service != "whatsapp"]
    event = the_event(numbered(at_once(story.rows(2 * HOUR)) + at_once(fewer.rows(3 * HOUR, since=2 * HOUR))))
    assert event.state == "ended"
    assert after(event.ended) == pytest.approx(2 * HOUR, abs=1)


def test_a_changed_probe_starts_anew_and_is_no_event():
    story = february()
    changed = february(config="d")
    changed.fails(DROP, 2 * HOUR, 2 * HOUR + 100, service="whatsapp", role="chat")
    story.fails(DROP, 2 * HOUR - 100, 2 * HOUR, service="whatsapp", role="chat")
    rows = at_once(story.rows(2 * HOUR)) + at_once(changed.rows(3 * HOUR, since=2 * HOUR))
    assert events(numbered(rows)) == []


def test_an_event_survives_a_change_of_its_probes():
    rows = at_once(block(february(), "ru1 ru2", HOUR).rows(2 * HOUR))
    rows += at_once(block(february(config="d"), "ru1 ru2", HOUR, 3 * HOUR).rows(4 * HOUR, since=2 * HOUR))
    event = the_event(numbered(rows))
    assert event.state == "ended"
    assert after(event.ended) >= 3 * HOUR


def test_a_new_version_of_a_probe_type_starts_anew():
    rows = at_once(february().fails(DROP, 2 * HOUR - 100, service="whatsapp", role="chat").rows(2 * HOUR))
    newer = february(version="2").fails(DROP, 0, 2 * HOUR + 80, service="whatsapp", role="chat")
    assert changes(numbered(rows + at_once(newer.rows(3 * HOUR, since=2 * HOUR))[1:])) == []


def test_an_old_version_that_comes_late_does_not_start_anew():
    old, newer = february(), february(version="2")
    block(newer, "ru1", 0)
    rows = at_once(old.rows(HOUR))
    late = [
        (START + 2 * HOUR * SECOND + number, body)
        for number, (_at, body) in enumerate(rows)
        if isinstance(body, Record)
    ]
    told = rows + at_once(newer.rows(3 * HOUR, since=HOUR))[1:]
    assert last_of_each(events(numbered(told + late)))[0].onset == last_of_each(events(numbered(told)))[0].onset
    assert changes(numbered(told + late)) == changes(numbered(told))


def test_a_place_that_joins_the_plan_is_asked_too():
    before, later = february(), february()
    del before.places["nl1"]
    rows = at_once(block(before, "ru1 ru2", HOUR).rows(2 * HOUR))
    told = events(numbered(rows + at_once(block(later, "ru1 ru2", HOUR).rows(3 * HOUR, since=2 * HOUR))))
    assert [told[0].kind, told[-1].kind] == ["unreachable", "block"]
    assert len(last_of_each(told)) == 1


def test_what_is_not_planned_is_ignored():
    stranger = Series("strange", "web", "x", "tcp", "ru1", "ipv4")
    bad = [
        (
            START + k * 60 * SECOND,
            attempt(stranger, START + k * 60 * SECOND, START + k * 60 * SECOND, failure=Failure(Phase.TCP, Kind.RESET)),
        )
        for k in range(1, 30)
    ]
    assert detect(numbered(at_once(february().rows(HOUR)) + bad)) == detect(february().rows(HOUR))
    assert detect(numbered(bad)) == []
    assert detect(numbered([(START, Heartbeat("nobody", False)), (START, ClockStep(3.0))])) == []


# ---- the laws ----------------------------------------


def busy() -> list[Row]:
    """A story in which much happens, for the laws."""
    story = block(february(), "ru1 ru2", 20 * MINUTE, 50 * MINUTE)
    story.fails(DROP, 60 * MINUTE, 75 * MINUTE, vantage="nl1").silent("ru2", 80 * MINUTE, 90 * MINUTE)
    story.fails(STATUS, 100 * MINUTE, 110 * MINUTE, service="max").fails(DROP, 0, share=0.03, vantage="ru1")
    block(story, "ru1", 115 * MINUTE)
    rows = story.rows(130 * MINUTE)
    failing = [row.body for row in rows if isinstance(row.body, Record) and row.body.failure]
    extra = confirmations(failing[40], 15, 30, good=True) + gaps(story, 6000, 6060, "overload", 6100)
    return numbered(at_once(rows) + extra + [(START + 5000 * SECOND, Health({"lag": 1.0}))])


BUSY = busy()


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, len(BUSY)), max_size=12))
def test_a_restart_at_any_row_changes_nothing(cuts):
    assert restarted(BUSY, cuts) == detect(BUSY)


@pytest.mark.long
def test_a_restart_at_every_row_changes_nothing():
    assert restarted(BUSY, range(len(BUSY))) == detect(BUSY)


def test_its_own_conclusions_in_the_journal_change_nothing():
    state, made = Detection(), []
    for row in BUSY:
        found = step(state, row)
        made += found
        for body in found:
            assert step(state, Row(0, row.at + 10**9, body)) == []
    assert made == detect(BUSY)


STORIES = st.builds(
    lambda seed, troubles: (seed, troubles),
    st.integers(0, 1000),
    st.lists(
        st.tuples(
            st.sampled_from([DROP, NXDOMAIN, STATUS]),
            st.integers(2, 40),
            st.integers(2, 30),
            st.sampled_from(["ru1", "ru2", "nl1", "ru1 ru2", "ru1 nl1", "ru1 ru2 nl1"]),
            st.sampled_from(
                ["whatsapp", "max", "controls", "whatsapp controls", "whatsapp max", "whatsapp max controls"]
            ),
            st.sampled_from([1.0, 1.0, 0.5]),
        ),
        max_size=4,
    ),
)


def told_of(seed, troubles) -> list[Row]:
    story = february(seed=seed)
    for how, since, lasts, vantages, services, share in troubles:
        story.fails(how, since * MINUTE, (since + lasts) * MINUTE, vantage=vantages, service=services, share=share)
    return story.rows(75 * MINUTE)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES)
def test_never_two_open_events_of_one_service_at_one_place(told):
    going: dict[str, Event] = {}
    last: dict[str, Event] = {}
    for one in detect(told_of(*told)):
        if isinstance(one, Event):
            assert one.revision == (last[one.id].revision + 1 if one.id in last else 1)
            assert one.onset[0] <= one.onset[1] <= one.at
            assert one.ended is None or one.ended >= one.onset[1]
            last[one.id] = one
            going.pop(one.id, None)
            if one.ended is None:
                for other in going.values():
                    assert other.service != one.service or not set(other.scope.vantages) & set(one.scope.vantages)
                going[one.id] = one
        elif isinstance(one, Change):
            assert one.before <= one.after <= one.at


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STORIES, st.lists(st.integers(0, 2500), max_size=5))
def test_restarts_change_no_story(told, cuts):
    rows = told_of(*told)
    assert restarted(rows, cuts) == detect(rows)


def test_it_is_the_same_every_time():
    assert detect(BUSY) == detect(busy())


# ---- states ----------------------------------------


def test_states_tell_of_a_block_and_its_end():
    rows = block(february(), "ru1", 30 * MINUTE, HOUR).rows(2 * HOUR)
    mine = [one.state for one in states(rows) if (one.service, one.vantage) == ("whatsapp", "ru1")]
    assert [code for code, before in zip(mine, [None, *mine], strict=False) if code != before] == [0, 2, 0]
    assert {one.state for one in states(rows) if one.vantage == "nl1"} == {0}


def test_states_are_told_every_five_minutes():
    told = [one for one in states(february().rows(HOUR)) if (one.service, one.vantage) == ("max", "nl1")]
    assert len(told) == 13
    assert {(one.availability, one.score, one.baseline) for one in told} == {(1.0, 0.0, 1.0)}


def test_a_silent_place_is_unknown():
    told = [
        one
        for one in states(february().silent("ru2", HOUR).rows(2 * HOUR))
        if (one.service, one.vantage) == ("max", "ru2")
    ]
    assert told[-1] == State("max", "ru2", 3, 0.0, 0.0, 1.0)


def test_all_that_is_saved_is_compact_json():
    state = Detection()
    detect(BUSY, state)
    saved = {key: json.loads(value) for key, value in state.changes().items() if value is not None}
    assert {key.partition("/")[0] for key in saved} == {"series", "vantage", "event", "states", "plan", "clock"}
    assert all(value[0] == 1 for value in saved.values())
    assert state.changes() == {}
