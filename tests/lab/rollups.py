"""Rollups computed the slow and plain way from all rows, to hold the fast ones against."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from daemon.classes import FailureClass, class_of
from daemon.rows import Body, Gap, Heartbeat, Planned, PlanRow, Rollup, Row, Spread
from probes.record import Failure, Kind, Phase, Purpose, Record, Series
from tests.lab.samples import SECOND, record

HOUR = 3600 * SECOND
BASE = 490_000 * HOUR
"""The start of an hour (microseconds)."""
SERIES = tuple(Series("whatsapp", "chat", f"host{number}:443", "tls", "ru1", "ipv4") for number in range(3))
EVERY = (10, 60, 300)
PLAN = PlanRow("", {}, {}, tuple(Planned(one, every, 0, 10.0, "") for one, every in zip(SERIES, EVERY, strict=True)))
FAILURES = (
    Failure(Phase.TCP, Kind.TIMEOUT),
    Failure(Phase.TLS, Kind.RESET),
    Failure(Phase.DNS, Kind.DNS_NXDOMAIN),
    Failure(Phase.TCP, Kind.LOCAL),
)

Stamped = tuple[int, Body]
Windows = dict[tuple[Series, int, int], Rollup]

counts = st.integers(0, 2**40)
spreads = st.lists(st.integers(0, 2**33), min_size=5, max_size=5).map(sorted).map(lambda five: Spread(*five))
rollups = st.builds(
    lambda width, window, **others: Rollup(width=width, start=window * width * SECOND, **others),
    st.sampled_from([300, 3600]),
    st.integers(0, 10**7),
    series=st.builds(Series, *[st.sampled_from(["", "a", "web", "ж"])] * 6),
    n=counts,
    ok=counts,
    failures=st.dictionaries(st.sampled_from(FailureClass), st.integers(1, 2**33)),
    local=counts,
    skipped=counts,
    latency=st.none() | spreads,
)


def slot(number: int, due: int, micros: int = 1000, failure: Failure | None = None, **changes: Any) -> Record:
    """A record of series `number` due at BASE + `due` seconds."""
    moment = BASE + due * SECOND
    return replace(
        record(), series=SERIES[number], due=moment, began=moment, seconds=micros / 1e6, failure=failure, **changes
    )


def rows(bodies: Iterable[tuple[int, Body]]) -> list[Row]:
    """Rows of bodies with stamps in seconds after BASE."""
    return [Row(seq, BASE + at * SECOND, body) for seq, (at, body) in enumerate(bodies, 1)]


def ending(at: int) -> list[tuple[int, Body]]:
    """Heartbeats late enough after a moment (seconds) for every window to be over."""
    return [(at + 3 * 3600, Heartbeat("ru1", None)), (at + 3 * 3600 + 20, Heartbeat("ru1", None))]


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Rows of up to four hours in any order of due time: late ones, repeated ones, gaps, evidence, no plan at first."""
    found: list[Stamped] = []
    at = draw(st.integers(0, 3600))
    for _ in range(draw(st.integers(1, 40))):
        at += draw(st.sampled_from([0, 1, 30, 300, 2000]))
        number = draw(st.integers(0, 2))
        due = max(0, at - draw(st.sampled_from([0, 1, 15, 400, 3700])))
        due -= due % EVERY[number]
        found.append((at, _body(draw, number, due, at)))
        if draw(st.booleans()):
            found.append((at, draw(st.sampled_from(found))[1]))
    found.insert(draw(st.integers(0, len(found))), (at, PLAN))
    return rows([*found, *ending(at)])


def _body(draw: st.DrawFn, number: int, due: int, at: int) -> Body:
    match draw(st.sampled_from(["good", "good", "failed", "gap", "evidence"])):
        case "good":
            return slot(number, due, draw(st.integers(0, 5_000_000)))
        case "failed":
            return slot(number, due, 10, draw(st.sampled_from(FAILURES)))
        case "gap":
            last = due + min(draw(st.integers(0, 20)), (at - due) // EVERY[number]) * EVERY[number]
            reason = draw(st.sampled_from(["stop", "down", "retention"]))
            return Gap(SERIES[number], BASE + due * SECOND, BASE + last * SECOND, EVERY[number], reason)
        case _:
            return slot(number, due, purpose=Purpose.CONFIRM, of="X", attempt=2)


def newest(made: Iterable[Body]) -> Windows:
    """The rollup that stands for each window."""
    return {(one.series, one.start, one.width): one for one in made if isinstance(one, Rollup)}


def recomputed(all_rows: Iterable[Row]) -> Windows:
    """What the rollups must be in the end."""
    slots: dict[tuple[Series, int], Record | None] = {}
    for row in all_rows:
        body = row.body
        if isinstance(body, Record) and body.purpose is Purpose.SLOT:
            if slots.get((body.series, body.due)) is None:
                slots[body.series, body.due] = body
        elif isinstance(body, Gap) and body.reason not in {"retention", "disk"}:
            for due in _counted(body, row.at):
                slots.setdefault((body.series, due), None)
    grouped: dict[tuple[Series, int, int], list[Record | None]] = {}
    for (series, due), one in slots.items():
        for width in (300, 3600):
            grouped.setdefault((series, due // (width * SECOND) * width * SECOND, width), []).append(one)
    return {window: _rollup(window, found) for window, found in grouped.items()}


def _counted(gap: Gap, at: int) -> list[int]:
    every = range(gap.first, gap.last + 1, gap.every * SECOND)
    return [due for due in every if due // HOUR == gap.first // HOUR or due // HOUR >= at // HOUR - 2]


def _rollup(window: tuple[Series, int, int], found: list[Record | None]) -> Rollup:
    series, start, width = window
    good = sorted(max(1, round(one.seconds * 1e6)) for one in found if one is not None and one.failure is None)
    failures = [one.failure for one in found if one is not None and one.failure is not None]
    failed = Counter(class_of(one.phase, one.kind) for one in failures if one.kind is not Kind.LOCAL)
    spread = None
    if good:
        places = (max(0, (len(good) * percent + 99) // 100 - 1) for percent in (0, 50, 90, 95, 100))
        spread = Spread(*(good[place] for place in places))
    return Rollup(
        series=series,
        start=start,
        width=width,
        n=len(good) + failed.total(),
        ok=len(good),
        failures=dict(failed),
        local=sum(one.kind is Kind.LOCAL for one in failures),
        skipped=found.count(None),
        latency=spread,
    )
