"""Which cells a failure gets: what is compared depends on what fails, and the control always comes first."""

from dataclasses import replace
from typing import Any, Self

from hypothesis import given
from hypothesis import strategies as st

from config.plan import Assignment
from daemon.diagnose_arms import Try, tries
from daemon.diagnose_ground import NEUTRAL, Control, Ground, place_of
from probes.diagnosis import Arm
from probes.protocols.http import Http
from probes.record import Kind, Phase, Record
from probes.run import Instead
from tests.lab.diagnosing import CONTROL, OTHER, TARGET, assignment, base_of, ran

TLS = assignment("whatsapp", "tls", "web.whatsapp.com:443")
HTTP = assignment("whatsapp", "http", "https://web.whatsapp.com/")
TCP = assignment("whatsapp", "tcp", "g.whatsapp.net:5222")
QUIC = assignment("whatsapp", "quic", "web.whatsapp.com:443")
DNS = assignment("whatsapp", "dns", "web.whatsapp.com")
GOOGLE = assignment("whatsapp", "dns", "web.whatsapp.com", resolvers=("8.8.8.8",))
EXAMPLE = Control(assignment("controls", "tls", "example.com:443"), CONTROL)
WIKIPEDIA = Control(assignment("controls", "http", "https://www.wikipedia.org/"), "185.15.59.224")
RESET, SILENCE, REFUSED = (Phase.TLS, Kind.RESET), (Phase.TCP, Kind.TIMEOUT), (Phase.TCP, Kind.REFUSED)
NXDOMAIN = (Phase.DNS, Kind.DNS_NXDOMAIN)


def planned(
    item: Assignment, failed: tuple[Phase, Kind], *others: Assignment, controls=(EXAMPLE, WIKIPEDIA), **facts: Any
) -> tuple[Try, ...]:
    record = ran(item, 0.0, failed, **facts)
    return tries(record, base_of(item, record), Ground(controls, others))


def arms(found: tuple[Try, ...]) -> list[Arm]:
    return [one.arm for one in found]


def only(found: tuple[Try, ...], arm: Arm) -> Try:
    return next(one for one in found if one.arm is arm)


# ---- a hello ---------------------------------------------------------------------------------------------------------


def test_a_hello_that_is_reset_gets_the_matrix_of_names_and_addresses() -> None:
    found = planned(TLS, RESET)
    assert found[0].arm is Arm.CONTROL
    assert sorted(arms(found)) == sorted(
        [Arm.CONTROL, Arm.NAME, Arm.ORIGINAL, Arm.NAME, Arm.PLACE, Arm.CONTROL, Arm.ORIGINAL]
    )


def test_what_answered_is_asked_again_right_after_the_targets_name_was_shown() -> None:
    order = arms(planned(TLS, RESET))
    assert order[order.index(Arm.PLACE) + 1] is Arm.CONTROL
    first = order.index(Arm.NAME)
    assert order[first : first + 3] == [Arm.NAME, Arm.ORIGINAL, Arm.NAME]


def test_each_cell_differs_in_one_thing() -> None:
    found = planned(TLS, RESET, controls=(EXAMPLE,))
    strange = only(found, Arm.NAME).attempt.instead.name
    assert only(found, Arm.ORIGINAL).attempt.instead == Instead(address=TARGET)
    assert only(found, Arm.NAME).attempt.instead == Instead(address=TARGET, name=strange)
    assert only(found, Arm.PLACE).attempt.instead == Instead(address=CONTROL, port=443, name="web.whatsapp.com")
    assert only(found, Arm.CONTROL).attempt.instead == Instead(address=CONTROL, port=443, name=strange)


def test_the_innocuous_name_is_strange_to_the_control_too() -> None:
    chosen = {one.attempt.instead.name for one in planned(TLS, RESET, controls=(EXAMPLE,)) if one.arm is Arm.CONTROL}
    assert chosen == {NEUTRAL[1]}
    both = planned(TLS, RESET)
    shown = only(both, Arm.CONTROL).attempt.instead
    assert (shown.address, shown.name) in {(CONTROL, "www.wikipedia.org"), (WIKIPEDIA.address, "example.com")}


def test_what_comes_after_a_hello_is_left_out() -> None:
    attempt = only(planned(HTTP, RESET), Arm.ORIGINAL).attempt
    assert attempt.series.probe == "tls"
    assert place_of(attempt.options) == ("web.whatsapp.com", 443)
    assert attempt.options.trusts() == HTTP.options.trusts()


def test_quic_stays_quic_and_prefers_a_control_that_speaks_it() -> None:
    speaking = Control(assignment("controls", "quic", "www.gstatic.com:443"), "142.250.1.1")
    found = planned(QUIC, (Phase.QUIC, Kind.TIMEOUT), controls=(EXAMPLE, WIKIPEDIA, speaking))
    assert {one.attempt.series.probe for one in found} == {"quic"}
    assert only(found, Arm.PLACE).attempt.instead.address == "142.250.1.1"


def test_a_certificate_that_is_not_accepted_is_no_question_of_names() -> None:
    found = planned(TLS, (Phase.TLS, Kind.TLS_AUTHORITY), addresses=(TARGET, OTHER))
    assert arms(found) == [Arm.CONTROL, Arm.ORIGINAL, Arm.ADDRESS, Arm.ORIGINAL]


def test_an_alert_counts_as_one_whatever_its_kind() -> None:
    assert Arm.PLACE in arms(planned(TLS, (Phase.TLS, Kind.TLS_HOSTNAME), alert=112))


def test_an_address_has_no_name_to_compare() -> None:
    assert Arm.PLACE not in arms(planned(assignment("whatsapp", "tls", "192.0.2.1:443"), RESET))


# ---- a connection, an exchange ---------------------------------------------------------------------------------------


def test_a_connection_is_tried_at_another_address_port_and_family() -> None:
    port = assignment("whatsapp", "tls", "g.whatsapp.net:443")
    six = assignment("whatsapp", "tcp", "g.whatsapp.net:5222", family="ipv6")
    found = planned(TCP, SILENCE, port, six, addresses=(TARGET, OTHER))
    assert sorted(arms(found)[2:-1]) == [Arm.ADDRESS, Arm.FAMILY, Arm.PORT]
    assert only(found, Arm.ADDRESS).attempt.instead == Instead(address=OTHER)
    assert only(found, Arm.PORT).attempt.instead == Instead(address=TARGET, port=443)
    assert only(found, Arm.FAMILY).attempt.instead == Instead()
    assert only(found, Arm.FAMILY).attempt.series.family == "ipv6"


def test_the_control_of_a_connection_is_measured_as_it_always_is() -> None:
    attempt = planned(TCP, REFUSED, controls=(WIKIPEDIA,))[0].attempt
    assert (attempt.options, attempt.instead) == (WIKIPEDIA.assignment.options, Instead(address=WIKIPEDIA.address))


def test_a_page_whose_connection_fails_is_looked_at_as_a_connection() -> None:
    found = planned(HTTP, SILENCE)
    assert {one.attempt.series.probe for one in found if one.arm is Arm.ORIGINAL} == {"tcp"}


def test_a_port_of_another_role_is_not_compared() -> None:
    other = assignment("whatsapp", "tls", "g.whatsapp.net:443")
    assert Arm.PORT not in arms(planned(TCP, SILENCE, replace(other, series=replace(other.series, role="media"))))


def test_an_exchange_is_repeated_whole() -> None:
    found = planned(HTTP, (Phase.HTTP, Kind.RESET), addresses=(TARGET, OTHER))
    assert arms(found) == [Arm.CONTROL, Arm.ORIGINAL, Arm.ADDRESS, Arm.ORIGINAL]
    assert only(found, Arm.ADDRESS).attempt.options is HTTP.options


def test_a_large_transfer_is_tried_small_where_the_probe_can() -> None:
    class Large(Http):
        def smaller(self) -> Self:
            return self.model_copy(update={"expect": (206,)})

    large = replace(HTTP, options=Large(target="https://web.whatsapp.com/"))
    attempt = only(planned(large, (Phase.HTTP, Kind.TIMEOUT)), Arm.SIZE).attempt
    assert attempt.options.expect == (206,)  # type: ignore[attr-defined]
    assert attempt.instead == Instead(address=TARGET)


# ---- a question ------------------------------------------------------------------------------------------------------


def test_a_question_goes_to_another_resolver_and_over_tcp_to_the_same() -> None:
    found = planned(GOOGLE, NXDOMAIN, DNS, assignment("whatsapp", "dns", "web.whatsapp.com", resolvers=("1.1.1.1",)))
    assert sorted(arms(found)[2:-1]) == [Arm.RESOLVER, Arm.TRANSPORT]
    assert only(found, Arm.RESOLVER).attempt.instead.resolver == "1.1.1.1"
    assert only(found, Arm.TRANSPORT).attempt.instead.resolver == "tcp://8.8.8.8:53"
    assert only(found, Arm.CONTROL).attempt.instead.resolver == "8.8.8.8"


def test_the_machines_own_resolver_has_no_other_transport() -> None:
    found = planned(DNS, NXDOMAIN, GOOGLE)
    assert arms(found) == [Arm.CONTROL, Arm.ORIGINAL, Arm.RESOLVER, Arm.ORIGINAL]


def test_a_page_whose_name_is_denied_is_looked_at_as_a_question() -> None:
    found = planned(HTTP, NXDOMAIN, GOOGLE)
    assert {one.attempt.series.probe for one in found} == {"dns"}
    assert only(found, Arm.ORIGINAL).attempt.options.target == "web.whatsapp.com"  # type: ignore[attr-defined]


# ---- laws ------------------------------------------------------------------------------------------------------------


def test_without_a_control_nothing_is_compared() -> None:
    assert planned(TLS, RESET, controls=()) == ()


def test_what_a_proxy_failed_at_is_not_looked_into() -> None:
    assert planned(TLS, (Phase.PROXY, Kind.SOCKS_REFUSED)) == ()


def record_at(item: Assignment, moment: int) -> Record:
    return ran(item, moment, RESET)


@given(st.integers(0, 10_000))
def test_the_same_record_gives_the_same_cells_and_the_control_comes_first(moment: int) -> None:
    record = record_at(TLS, moment)
    found = [tries(record, base_of(TLS, record), Ground(pair)) for pair in ((EXAMPLE, WIKIPEDIA), (WIKIPEDIA, EXAMPLE))]
    assert found[0] == found[1]
    assert found[0][0].arm is Arm.CONTROL


def test_controls_and_orders_take_turns() -> None:
    found = [planned_at for moment in range(40) if (planned_at := _at(moment))]
    assert {one[0].attempt.instead.address for one in found} == {CONTROL, WIKIPEDIA.address}
    assert {tuple(arms(one)[1:3]) for one in found} == {(Arm.NAME, Arm.ORIGINAL), (Arm.PLACE, Arm.CONTROL)}


def _at(moment: int) -> tuple[Try, ...]:
    record = record_at(TLS, moment)
    return tries(record, base_of(TLS, record), Ground((EXAMPLE, WIKIPEDIA)))
