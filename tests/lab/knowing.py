"""What /metrics is made from, without a daemon: a plan for some records, and a tally that has seen them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from config.plan import Assignment
from daemon.tally import Tally
from daemon.web.known import Journal, Known
from probes.plugin import ProbeOptions
from probes.record import Record, Series
from tests.lab.samples import SERIES, THEN, record

EVERY = 10
Read = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def assignment(series: Series, every: int = EVERY) -> Assignment:
    return Assignment(series, ProbeOptions(), every, 0, 5.0, "system", "c0ffee", "tcp/1")


def many(count: int, **changes: Any) -> list[Record]:
    """Records of the same slot, each of a series of its own."""
    return [record(series=replace(SERIES, endpoint=f"host{number}:443"), **changes) for number in range(count)]


def tally_of(records: Iterable[Record]) -> Tally:
    tally = Tally()
    tally.see(records)
    return tally


def what_is_known(records: Iterable[Record] = (), **changes: Any) -> Known:
    """All of these records are of planned series, and none is old."""
    records = list(records)
    plain = Known(
        now=THEN,
        assignments=[assignment(series) for series in dict.fromkeys(one.series for one in records)],
        tally=tally_of(records),
        counts={},
        in_flight=0,
        lag=0.0,
        paused=False,
        standings={},
        sinks={},
        vantages=(),
        journal=Journal(),
        release="1.2.3",
    )
    return replace(plain, **changes)
