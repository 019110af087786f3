import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rows import Gap, Health, Heartbeat, Row, State
from daemon.sinks.lines import (
    GAP_POINTS,
    gap_lines,
    gap_slots,
    health_line,
    heartbeat_line,
    record_line,
    series_head,
    state_line,
)
from daemon.sinks.protocol import Line
from probes.record import Kind, Phase, Purpose, Timing
from tests.lab.samples import FACTS, SECOND, SERIES, THEN, failed, record


def fields(made: Line | None) -> dict[str, str]:
    """The fields of a line whose strings hold neither comma nor blank."""
    assert made is not None
    _, text, _ = made.text.decode().split(" ")
    return dict(pair.split("=", 1) for pair in text.split(","))


def gap(slots: int, reason: str = "suspend", every: int = 10) -> Gap:
    return Gap(SERIES, THEN, THEN + (slots - 1) * every * SECOND, every, reason)


def test_a_good_record_in_full() -> None:
    made = record_line(5, record())
    assert made is not None
    assert made.seq == 5
    assert made.text.decode() == (
        "probe_result,endpoint=g.whatsapp.net:5222,family=ipv4,probe=tls,role=chat,service=whatsapp,vantage=ru1 "
        'success=1i,measured=1i,result="ok",result_code=0i,phase="",phase_code=0i,failure="",start_offset_ms=1204i,'
        "dns_us=12000i,proxy_us=0i,tcp_us=31000i,tls_us=80000i,quic_us=0i,http_us=0i,app_us=0i,total_us=123457i,"
        "rtt_us=30125i,retransmits=2i,status_code=0i,bytes_in=4021i,bytes_out=517i,"
        'address="157.240.205.62",config="9f31c2",attempt=1i 1770000000000000000'
    )


def test_a_failure_says_where_and_what() -> None:
    found = fields(record_line(1, failed(phase=Phase.TLS, kind=Kind.RESET)))
    assert (found["success"], found["measured"]) == ("0i", "1i")
    assert (found["result"], found["result_code"]) == ('"connection_reset"', "11i")
    assert (found["phase"], found["phase_code"], found["failure"]) == ('"tls"', "4i", '"connection_reset"')


def test_a_fault_of_our_own_measures_nothing() -> None:
    found = fields(record_line(1, failed(kind=Kind.LOCAL)))
    assert (found["success"], found["measured"], found["result"]) == ("0i", "0i", '"local"')


@pytest.mark.parametrize("purpose", [Purpose.CONFIRM, Purpose.DIAGNOSE, Purpose.MANUAL])
def test_only_slots_are_points(purpose: Purpose) -> None:
    assert record_line(1, record(purpose=purpose)) is None


@pytest.mark.parametrize("kind", [None, *Kind])
def test_every_record_has_the_same_fields(kind: Kind | None) -> None:
    """A field that is missing would keep its old value when a point is written again."""
    made = record() if kind is None else failed(kind=kind)
    skipped = next(gap_lines(1, gap(1)))
    assert list(fields(record_line(1, made))) == list(fields(skipped)) == list(fields(record_line(1, record())))


@pytest.mark.parametrize("name", ["success", "result_code", "dns_us", "total_us", "attempt", "start_offset_ms"])
def test_a_field_has_one_type(name: str) -> None:
    for made in (record_line(1, record()), record_line(1, failed()), next(gap_lines(1, gap(1)))):
        assert fields(made)[name].endswith("i")


def test_phases_that_ran_are_above_0_and_others_are_0() -> None:
    timings = (Timing(Phase.DNS, 0.0, 0.0), Timing(Phase.TCP, 0.0, 1e-9))
    found = fields(record_line(1, record(timings=timings)))
    assert (found["dns_us"], found["tcp_us"], found["tls_us"]) == ("1i", "1i", "0i")


def test_a_phase_that_ran_twice_counts_both() -> None:
    timings = (Timing(Phase.DNS, 0.0, 0.25), Timing(Phase.DNS, 0.25, 0.5))
    assert fields(record_line(1, record(timings=timings)))["dns_us"] == "750000i"


@given(
    st.text(),
    st.integers(),
    st.floats(),
    st.integers(),
    st.text(),
)
def test_no_record_breaks_the_sink(name: str, number: int, seconds: float, due: int, config: str) -> None:
    """A row that cannot be written would stand in the way of all rows behind it."""
    facts = replace(FACTS, bytes_in=number, status=number, address=name)
    odd = record(
        series=replace(SERIES, endpoint=name, service=name),
        due=due,
        seconds=seconds,
        timings=(Timing(Phase.TLS, 0.0, seconds),),
        facts=facts,
        config=config,
    )
    made = record_line(1, odd)
    assert made is not None
    assert b"\n" not in made.text
    made.text.decode()


def test_the_six_tags_and_no_other() -> None:
    tags = [pair.split("=")[0] for pair in series_head(SERIES).split(",")[1:]]
    assert tags == ["endpoint", "family", "probe", "role", "service", "vantage"]


def test_a_gap_is_one_skipped_point_a_slot() -> None:
    made = list(gap_lines(3, gap(4)))
    assert [line.time for line in made] == [(THEN + slot * 10 * SECOND) * 1000 for slot in range(4)]
    assert {line.seq for line in made} == {3}
    found = fields(made[0])
    assert (found["success"], found["measured"]) == ("0i", "0i")
    assert (found["result"], found["result_code"], found["failure"]) == ('"skipped"', "1i", '"suspend"')


def test_a_gap_goes_on_behind_a_slot() -> None:
    assert len(list(gap_lines(1, gap(10), THEN + 30 * SECOND))) == 6


@pytest.mark.parametrize("reason", ["retention", "disk"])
def test_rows_deleted_from_the_journal_keep_their_points(reason: str) -> None:
    assert list(gap_lines(1, gap(10, reason))) == []


@given(st.integers(0, 3_000_000), st.integers(1, 3600))
def test_slots_of_a_gap_are_on_the_grid_and_bounded(last: int, every: int) -> None:
    made = list(gap_slots(gap(last + 1, every=every)))
    assert made[0] == THEN
    assert made[-1] == THEN + last * every * SECOND
    assert len(made) <= GAP_POINTS
    assert all((due - THEN) % (every * SECOND) == 0 for due in made)
    assert sorted(set(made)) == made
    if last < GAP_POINTS:
        assert len(made) == last + 1


def test_a_gap_that_is_upside_down_is_one_point() -> None:
    assert list(gap_slots(Gap(SERIES, THEN, THEN - SECOND, 0, "bug"))) == [THEN]


def test_states_of_one_minute_are_one_point() -> None:
    state = State("whatsapp", "ru1", 2, 0.25, 7.0, 0.99)
    early, late = (state_line(Row(1, THEN + after * SECOND, state), state) for after in (1, 59))
    assert early.text == late.text
    fields = "state=2i,availability=0.25,score=7.0,baseline=0.99"
    minute = THEN // 60_000_000 * 60_000_000_000
    assert early.text.decode() == f"service_state,service=whatsapp,vantage=ru1 {fields} {minute}"


def test_heartbeats() -> None:
    beat = Heartbeat("ru1", control=True, families=("ipv4",), clock_offset=-0.0125)
    assert heartbeat_line(Row(1, THEN, beat), beat).text.decode() == (
        f"vantage_health,agent=-,vantage=ru1 up=1i,control=1i,ipv4=1i,ipv6=0i,clock_offset_ms=-12.5 {THEN}000"
    )


@pytest.mark.parametrize(("control", "written"), [(True, "1i"), (False, "0i"), (None, "-1i")])
def test_controls_of_a_vantage(control: bool | None, written: str) -> None:
    beat = Heartbeat("agent7/ru1", control, ())
    made = heartbeat_line(Row(1, THEN, beat), beat)
    assert fields(made)["control"] == written
    assert b"agent=agent7,vantage=agent7/ru1 " in made.text


def test_the_daemons_own_figures_are_floats_under_their_names() -> None:
    health = Health({"queue_rows": 7, "loop_lag_ms": 0.5, "odd name,": float("nan")})
    made = health_line(Row(1, THEN, health), health, "probe-host")
    assert made is not None
    assert made.text.decode() == (
        rf"daemon_health,agent=probe-host queue_rows=7.0,loop_lag_ms=0.5,odd\ name\,=0.0 {THEN}000"
    )


def test_no_figures_are_no_point() -> None:
    assert health_line(Row(1, THEN, Health({})), Health({})) is None


def test_a_line_costs_little() -> None:
    """The best of five rounds, against 15 us on a quiet machine: ten times that still says nothing silly is done."""
    many = [record(slot) for slot in range(2000)]
    best = min(_seconds(many) for _ in range(5))
    assert best / len(many) < 150e-6


def _seconds(many: list) -> float:
    began = time.perf_counter()
    for made in many:
        record_line(1, made)
    return time.perf_counter() - began
