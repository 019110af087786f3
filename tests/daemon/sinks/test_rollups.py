"""Rollups as points: every field every time, the six tags, the time of the window."""

import pytest
from hypothesis import given

from daemon.classes import FailureClass
from daemon.rows import Rollup, Row, Spread
from daemon.sinks.fields import WINDOWS
from daemon.sinks.lines import record_line, series_head
from daemon.sinks.parcel import Memory, Parcel
from daemon.sinks.rollups import rollup_line
from tests.lab.rollups import rollups
from tests.lab.samples import SERIES, THEN, record

FIVE = Rollup(
    SERIES, THEN // 300_000_000 * 300_000_000, 300, 29, 12, {FailureClass.TCP_TIMEOUT: 17}, 1, 2, Spread(1, 2, 3, 4, 5)
)


def text(rollup: Rollup) -> str:
    line = rollup_line(Row(1, THEN, rollup), rollup)
    assert line is not None
    return line.text.decode()


def fields(rollup: Rollup) -> dict[str, int]:
    body = text(rollup).rsplit(" ", 2)[1]
    return {name: int(value.removesuffix("i")) for name, value in (pair.split("=") for pair in body.split(","))}


def test_a_window_is_one_point_at_its_start() -> None:
    assert text(FIVE) == (
        r"probe_5m,endpoint=g.whatsapp.net:5222,family=ipv4,probe=tls,role=chat,service=whatsapp,vantage=ru1 "
        "n=29i,ok=12i,fail=17i,local=1i,skipped=2i,dns_timeout=0i,dns_name=0i,dns_forged=0i,dns_fail=0i,proxy_fail=0i,"
        "tcp_timeout=17i,tcp_refused=0i,tcp_unreachable=0i,tcp_fail=0i,tls_timeout=0i,tls_reset=0i,tls_certificate=0i,"
        "tls_fail=0i,app_timeout=0i,app_reset=0i,app_blockpage=0i,app_status=0i,app_fail=0i,"
        f"min_us=1i,p50_us=2i,p90_us=3i,p95_us=4i,max_us=5i {FIVE.start * 1000}"
    )


@given(rollups)
def test_every_field_is_written_every_time(rollup: Rollup) -> None:
    """A point written again must keep nothing of what it was."""
    found = fields(rollup)
    assert set(found) == set(fields(FIVE))
    assert found["fail"] == found["n"] - found["ok"]
    assert {name: found[name] for name in FailureClass} == {name: rollup.failures.get(name, 0) for name in FailureClass}


def test_without_a_good_slot_the_quantiles_are_0() -> None:
    found = fields(Rollup(SERIES, 0, 3600, 0, 0, {}, 0, 5, None))
    assert {name: value for name, value in found.items() if value} == {"skipped": 5}


@pytest.mark.parametrize("width", [300, 3600])
def test_the_tags_are_those_of_the_slots(width: int) -> None:
    head = text(Rollup(SERIES, 0, width, 0, 0, {}, 0, 0, None)).split(" ")[0]
    slot = record_line(1, record())
    assert slot is not None
    assert head.split(",")[1:] == slot.text.decode().split(" ")[0].split(",")[1:]
    assert head.split(",")[0] == WINDOWS[width].name
    assert series_head(SERIES).startswith("probe_result,")


def test_a_width_that_is_none_of_ours_is_no_point() -> None:
    odd = Rollup(SERIES, 0, 60, 0, 0, {}, 0, 0, None)
    assert rollup_line(Row(1, THEN, odd), odd) is None


def test_a_parcel_takes_them() -> None:
    parcel = Parcel(1, Memory())
    assert parcel.add(Row(4, THEN, FIVE))
    assert [(line.seq, line.time) for line in parcel.lines] == [(4, FIVE.start * 1000)]


def test_the_table_knows_them() -> None:
    for one in WINDOWS.values():
        assert [field.name for field in one.fields] == list(fields(FIVE))
