import pytest

from daemon.detect.gate import hush, is_out, lines_of, may_speak, trusted
from daemon.detect.step import Detection, step
from daemon.rows import Heartbeat, Row
from probes.record import Failure, Kind, Phase
from tests.lab.story import DROP, HOUR, MINUTE, SECOND, START, How, Story, attempt, detect, events, february, numbered


def after(story, until):
    state = Detection()
    detect(story.rows(until), state)
    return state


def series_of(story, vantage="ru1", role="chat"):
    return next(one for one in story.series() if (one.vantage, one.role) == (vantage, role))


def test_controls_that_mostly_fail_make_a_vantage_suspect():
    story = (
        february()
        .fails(DROP, HOUR, service="controls", vantage="ru1")
        .fails(DROP, HOUR, service="whatsapp", vantage="ru1")
    )
    state = after(story, HOUR + 10 * MINUTE)
    assert state.watches["ru1"].lines[""].suspect
    assert not trusted(state, "ru1")
    assert trusted(state, "nl1")
    assert events(story.rows(3 * HOUR)) == []


def test_one_of_two_controls_does_not():
    state = after(february().fails(DROP, HOUR, endpoint="example.com:443", vantage="ru1"), HOUR + 10 * MINUTE)
    assert not state.watches["ru1"].lines[""].suspect


def test_controls_that_die_while_foreign_services_answer_are_at_fault_themselves():
    event = events(february().fails(DROP, HOUR, service="controls").rows(2 * HOUR))[-1]
    assert (event.kind, event.service) == ("service_outage", "controls")


def test_three_probes_go_by_after_recovery():
    story = february().fails(DROP, HOUR, HOUR + 10 * MINUTE, service="controls", vantage="ru1")
    story.fails(DROP, HOUR, service="whatsapp", vantage="ru1")
    told = events(story.rows(2 * HOUR))
    assert told[0].kind == "block"
    since_recovery = (told[0].at - START) / SECOND - (HOUR + 10 * MINUTE)
    assert 3 * MINUTE <= since_recovery <= 8 * MINUTE


def test_a_heartbeat_speaks_for_controls_that_are_not_seen():
    story = Story().vantage("ru1", "RU").vantage("nl1", "NL")
    story.service("whatsapp", "foreign", ("chat", "tcp", "g:5222"), ("web", "http", "https://w/"))
    story.service("max", "domestic", ("web", "http", "https://max/"))
    story.fails(DROP, HOUR, service="whatsapp", vantage="ru1")
    rows = [(row.at, row.body) for row in story.rows(2 * HOUR)]
    dark = [
        (at, Heartbeat(body.vantage, body.vantage != "ru1")) if isinstance(body, Heartbeat) else (at, body)
        for at, body in rows
    ]
    assert [one.kind for one in events(numbered(rows))][-1:] == ["block"]
    assert events(numbered(dark)) == []


def test_nobody_else_has_answered_nobody_speaks():
    story = february()
    state = after(story, HOUR)
    series = series_of(story)
    track = state.tracks[series]
    for slot in range(61, 64):
        due = START + slot * 60 * SECOND
        step(
            state, Row(0, due + SECOND, attempt(series, due, due, failure=Failure(Phase.TCP, Kind.RESET), version="1"))
        )
    assert track.down
    assert not may_speak(state, series, track)
    control = next(one for one in story.series() if (one.vantage, one.service) == ("ru1", "controls"))
    due = START + 64 * 60 * SECOND
    step(state, Row(0, due + SECOND, attempt(control, due, due, version="1")))
    assert may_speak(state, series, track)


def test_after_a_hush_old_failures_do_not_speak():
    story = february().fails(DROP, HOUR, service="whatsapp", vantage="ru1")
    state = after(story, 2 * HOUR)
    series = series_of(story)
    assert may_speak(state, series, state.tracks[series])
    hush(state, "ru1")
    assert not may_speak(state, series, state.tracks[series])


def test_a_place_is_out_when_two_services_failed_three_times_since_anything_answered():
    story = february().fails(DROP, HOUR, vantage="ru1")
    assert not is_out(after(story, HOUR + 90), "ru1")
    assert is_out(after(story, HOUR + 5 * MINUTE), "ru1")
    assert not is_out(after(story, HOUR + 5 * MINUTE), "ru2")


def test_a_place_where_a_service_was_not_asked_since_is_not_out():
    story = february().fails(DROP, HOUR, vantage="ru1")
    story.endpoints = [one for one in story.endpoints if one.service != "controls"]
    slow = [e for e in february().endpoints if e.service == "controls"]
    story.also(*(type(e)(e.service, e.role, e.target, e.probe, every=1800) for e in slow))
    assert not is_out(after(story, HOUR + 6 * MINUTE), "ru1")


@pytest.mark.parametrize(("services", "lines"), [(1, 1), (2, 2)])
def test_a_family_is_a_line_of_its_own_where_several_services_use_it(services, lines):
    story = Story().vantage("ru1", "RU")
    for number in range(services):
        story.service(f"s{number}", "foreign", ("chat", "tcp", f"h{number}:1"))
    state = after(story, 0)
    assert len(lines_of(state, story.series()[0])) == lines


FALSE = How(Phase.TLS, Kind.TLS_HOSTNAME)


def test_a_line_that_signs_for_its_controls_too_is_a_portal_and_no_block():
    """What only connects or asks for a name is answered through a portal: it says nothing for the line."""
    story = february().fails(FALSE, HOUR, HOUR + 30 * MINUTE, service="controls", vantage="ru1")
    story.fails(FALSE, HOUR, HOUR + 30 * MINUTE, service="whatsapp", role="web", vantage="ru1")
    told = events(story.rows(2 * HOUR))
    assert {(one.kind, one.mechanism, one.scope.vantages) for one in told} == {("vantage_outage", "portal", ("ru1",))}
    assert told[-1].state == "ended"
    assert "certificates are false for the controls" in told[0].summary


def test_one_control_with_a_false_certificate_is_that_control_s_own_matter():
    story = february().fails(FALSE, HOUR, endpoint="example.com:443", vantage="ru1")
    assert not after(story, HOUR + 10 * MINUTE).watches["ru1"].lines[""].suspect
