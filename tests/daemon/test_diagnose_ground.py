"""Who a failing series is compared with: a control that can answer what fails, and a name that is nobody's there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.plan import Assignment
from daemon.detect.mechanism import zone_of
from daemon.diagnose_ground import NEUTRAL, Control, is_name, pair, place_of
from probes.plugin import join_host_port
from probes.record import Kind, Phase, Record
from tests.lab.diagnosing import CONTROL, assignment, ran

TLS = assignment("whatsapp", "tls", "web.whatsapp.com:443")
QUIC = assignment("whatsapp", "quic", "web.whatsapp.com:443")
EXAMPLE = Control(assignment("controls", "tls", "example.com:443"), CONTROL)
WIKIPEDIA = Control(assignment("controls", "http", "https://www.wikipedia.org/"), "185.15.59.224")
PLAIN = Control(assignment("controls", "tcp", "github.com:22"), "140.82.121.4")
NAMED = Control(assignment("controls", "dns", "example.com"), CONTROL)
NUMBER = Control(assignment("controls", "tls", "192.0.2.7:443"), "192.0.2.7")
ALL = (EXAMPLE, WIKIPEDIA, PLAIN, NAMED, NUMBER)


def failing(phase: Phase, moment: float = 0.0) -> Record:
    item = QUIC if phase is Phase.QUIC else TLS
    return ran(item, moment, (phase, Kind.TIMEOUT))


def chosen(phase: Phase, *controls: Control) -> set[str]:
    """The endpoints of all controls that are ever chosen for that phase."""
    found = [pair(failing(phase, moment), "web.whatsapp.com", controls) for moment in range(60)]
    return {one[0].assignment.series.endpoint for one in found if one}


@pytest.mark.parametrize(
    ("phase", "fit"),
    [
        (Phase.TLS, {EXAMPLE, WIKIPEDIA, NUMBER}),
        (Phase.QUIC, {EXAMPLE, WIKIPEDIA, NUMBER}),
        (Phase.TCP, {EXAMPLE, WIKIPEDIA, PLAIN, NUMBER}),
        (Phase.APP, {EXAMPLE, WIKIPEDIA, PLAIN, NUMBER}),
        (Phase.DNS, {EXAMPLE, WIKIPEDIA, PLAIN, NAMED}),
    ],
)
def test_a_control_can_answer_what_fails_and_controls_take_turns(phase: Phase, fit: set[Control]) -> None:
    assert chosen(phase, *ALL) == {one.assignment.series.endpoint for one in fit}


def test_where_a_control_speaks_quic_the_others_are_left_out() -> None:
    speaking = Control(assignment("controls", "quic", "www.gstatic.com:443"), "142.250.1.1")
    found = pair(failing(Phase.QUIC), "web.whatsapp.com", (*ALL, speaking))
    assert found
    assert found[0] == speaking


def test_without_a_control_there_is_no_pair() -> None:
    assert pair(failing(Phase.TLS), "web.whatsapp.com", ()) is None
    assert pair(failing(Phase.TLS), "web.whatsapp.com", (PLAIN, NAMED)) is None


@given(st.sets(st.sampled_from(ALL), min_size=1), st.sampled_from(["web.whatsapp.com", *NEUTRAL]), st.integers(0, 999))
def test_the_innocuous_name_is_neither_the_targets_nor_the_controls(found, target: str, moment: int) -> None:
    record = failing(Phase.TCP, moment)
    made = pair(record, target, tuple(found))
    if made is not None:
        control, name = made
        assert is_name(name)
        assert zone_of(name) not in {zone_of(target), zone_of(control.place[0])}
        assert made == pair(record, target, tuple(sorted(found, key=str)))


@pytest.mark.parametrize(
    ("item", "place"),
    [
        (TLS, ("web.whatsapp.com", 443)),
        (assignment("whatsapp", "http", "https://web.whatsapp.com/"), ("web.whatsapp.com", 443)),
        (assignment("max", "websocket", "wss://ws-api.oneme.ru/websocket"), ("ws-api.oneme.ru", 443)),
        (assignment("whatsapp", "whatsapp", "g.whatsapp.net:5222"), ("g.whatsapp.net", 5222)),
        (assignment("whatsapp", "dns", "web.whatsapp.com"), ("web.whatsapp.com", 0)),
    ],
)
def test_a_place_is_host_and_port_whatever_the_probe_type(item: Assignment, place: tuple[str, int]) -> None:
    assert place_of(item.options) == place


def test_an_address_is_no_name_and_an_ipv6_address_stands_in_brackets() -> None:
    assert [is_name(host) for host in ("example.com", "192.0.2.1", "2001:db8::1")] == [True, False, False]
    assert [join_host_port(host, 443) for host in ("192.0.2.1", "2001:db8::1")] == [
        "192.0.2.1:443",
        "[2001:db8::1]:443",
    ]
