"""The lines of each series, written by hand: the client library's own parser reads back what they were made from."""

from collections.abc import Iterable
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from daemon.web.each_series import ALWAYS, LABELS, MEASURED, escaped, is_measured, labels_of, lines
from probes.record import Facts, Kind, Phase, Record, Series, Timing
from tests.lab.samples import FACTS, SERIES, THEN, failed, record

FAMILIES = {family.name: family for family in (*MEASURED, *ALWAYS)}
HOSTILE = st.text(st.sampled_from("\\\"\n{}=,# \t\r'néя\u2028\x00") | st.characters(exclude_categories=["Cs"]))
WEB = Series("telegram", "web", "https://telegram.org/", "http", "ru1", "ipv6")
HTTP = (
    Timing(Phase.DNS, 0.0, 0.01),
    Timing(Phase.TCP, 0.01, 0.02),
    Timing(Phase.TLS, 0.03, 0.03),
    Timing(Phase.HTTP, 0.06, 0.14),
)


def written(name: str, records: Iterable[Record]) -> str:
    return "".join(lines(FAMILIES[name], [(labels_of(record), record) for record in records]))


def read(name: str, *records: Record) -> list[tuple[dict[str, str], float]]:
    """Labels and values as a reader understands them."""
    (family,) = text_string_to_metric_families(written(name, records))
    assert (family.name, family.type) == (name, "gauge")
    assert family.documentation == FAMILIES[name].meaning
    return [(sample.labels, sample.value) for sample in family.samples]


def phases(name: str, one: Record) -> dict[str, float]:
    return {labels["phase"]: value for labels, value in read(name, one)}


def value(name: str, one: Record) -> float:
    ((labels, number),) = read(name, one)
    assert labels == {field.name: getattr(one.series, field.name) for field in fields(Series)}
    return number


# ---- how it is written ----


@given(st.builds(Series, *[HOSTILE] * 6))
def test_whatever_stands_in_a_label_is_read_back(series: Series) -> None:
    found = read("probe_success", record(series=series))
    assert found == [({name: getattr(series, name) for name in LABELS}, 1.0)]


@given(HOSTILE)
def test_no_label_can_add_a_line(text: str) -> None:
    plain, hostile = (written("probe_success", [record(series=replace(SERIES, service=one))]) for one in ("x", text))
    assert hostile.count("\n") == plain.count("\n") == 3
    assert "\n" not in escaped(text)


@given(st.floats(0, 1e9, allow_nan=False))
def test_a_number_is_read_back_as_it_was(seconds: float) -> None:
    assert value("probe_duration_seconds", record(seconds=seconds)) == seconds


def test_a_metric_without_values_still_says_what_it_is() -> None:
    assert written("probe_http_status_code", []).splitlines() == [
        "# HELP probe_http_status_code HTTP status of the last slot.",
        "# TYPE probe_http_status_code gauge",
    ]


# ---- what is told ----


def test_success_and_duration() -> None:
    assert value("probe_success", record(0)) == 1
    assert value("probe_success", failed(0)) == 0
    assert value("probe_duration_seconds", failed(0)) == 10.012


@pytest.mark.parametrize(("family", "expected"), [("ipv4", [4.0]), ("ipv6", [6.0]), ("any", [])])
def test_the_protocol_is_that_of_the_family(family: str, expected: list[float]) -> None:
    found = read("probe_ip_protocol", record(series=replace(SERIES, family=family)))
    assert [number for _labels, number in found] == expected


def test_phases_are_told_as_they_were_timed() -> None:
    assert phases("reachd_phase_duration_seconds", record(0)) == {"dns": 0.012, "tcp": 0.031, "tls": 0.08}
    assert value("probe_dns_lookup_time_seconds", record(0)) == 0.012


def test_a_phase_that_came_twice_is_told_once() -> None:
    twice = record(timings=(Timing(Phase.TCP, 0.0, 0.25), Timing(Phase.TLS, 0.25, 0.5), Timing(Phase.TCP, 0.75, 0.5)))
    assert phases("reachd_phase_duration_seconds", twice) == {"tcp": 0.75, "tls": 0.5}
    assert read("probe_dns_lookup_time_seconds", twice) == []


@pytest.mark.parametrize(
    ("first_byte", "processing", "transfer"), [(0.16, 0.1, 0.04), (None, 0.14, 0.0), (0.05, 0.0, 0.14), (9.0, 0.14, 0)]
)
def test_http_speaks_the_words_of_the_blackbox(first_byte: float | None, processing: float, transfer: float) -> None:
    one = record(series=WEB, timings=HTTP, facts=Facts(first_byte=first_byte, status=200))
    expected = {"resolve": 0.01, "connect": 0.02, "tls": 0.03, "processing": processing, "transfer": transfer}
    assert phases("probe_http_duration_seconds", one) == pytest.approx(expected)
    assert value("probe_http_status_code", one) == 200


def test_other_probes_have_no_phases_of_http() -> None:
    assert phases("probe_http_duration_seconds", record(0)) == {}
    assert read("probe_http_status_code", record(0, facts=replace(FACTS, status=None))) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_a_failure_is_told_by_phase_and_kind(kind: Kind) -> None:
    ((labels, number),) = read("reachd_last_failure", failed(0, Phase.TLS, kind))
    assert (labels["phase"], labels["kind"], number) == ("tls", str(kind), 1)
    assert read("reachd_last_failure", record(0)) == []


@pytest.mark.parametrize(("kind", "measured"), [(Kind.LOCAL, False), (Kind.TIMEOUT, True)])
def test_a_fault_of_our_own_is_no_measurement(kind: Kind, measured: bool) -> None:
    assert is_measured(failed(0, kind=kind)) is measured
    assert value("reachd_last_slot_measured", failed(0, kind=kind)) == measured


def test_when_the_last_slot_was_due() -> None:
    assert value("reachd_last_slot_timestamp_seconds", record(3)) == THEN / 1e6 + 30
