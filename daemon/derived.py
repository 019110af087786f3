"""Heartbeats for rows that come without: of bare plan and record lines nobody else tells that a vantage was alive."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from daemon.heartbeat import EVERY, heartbeats, interval
from daemon.moments import SECOND
from daemon.rows import Heartbeat, PlanRow, Row
from probes.record import Purpose, Record, Series

LOOK = 10_000
"""Rows looked at for a heartbeat; a journal writes one within 10 s, which at 300 records/s are 3,000 rows."""
UNPLANNED = 120.0
"""Seconds that a vantage without a plan counts as alive after a record."""


def with_heartbeats(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows as they are where they have heartbeats; otherwise with derived ones between them, numbered anew."""
    stream = iter(rows)
    first = list(islice(stream, LOOK))
    whole = chain(first, stream)
    if any(isinstance(row.body, Heartbeat) for row in first):
        return whole
    return (replace(row, seq=number) for number, row in enumerate(_beating(whole), 1))


def _beating(rows: Iterable[Row]) -> Iterator[Row]:
    pulse = Pulse()
    for row in rows:
        yield from pulse.until(row.at)
        pulse.take(row)
        yield row


@dataclass(slots=True)
class Pulse:
    """Which vantages are alive by their records, and when the next heartbeat is due (microseconds)."""

    next: int = 0
    step: int = round(EVERY * SECOND)
    sides: dict[str, str] = field(default_factory=dict)
    patience: dict[str, int] = field(default_factory=dict)
    """Vantage to how long it counts as alive after a record: two of its shortest intervals and its longest timeout."""
    alive: dict[str, int] = field(default_factory=dict)
    """Vantage to until when it counts as alive."""
    families: dict[str, set[str]] = field(default_factory=dict)
    last: dict[Series, tuple[str, int]] = field(default_factory=dict)
    """The last outcome of each control series."""

    def until(self, now: int) -> Iterator[Row]:
        """The heartbeats due up to a moment. Where nobody is alive, time passes in silence."""
        while self.next <= now and any(end >= self.next for end in self.alive.values()):
            living = {name: frozenset(self.families[name]) for name, end in self.alive.items() if end >= self.next}
            yield from (Row(0, self.next, beat) for beat in heartbeats(living, self.sides, self.last))
            self.next += self.step
        self.next = max(self.next, now - now % self.step + self.step)

    def take(self, row: Row) -> None:
        """Learn from a row."""
        if isinstance(row.body, PlanRow):
            self._plan(row.body, row.at)
        elif isinstance(row.body, Record):
            self._record(row.body, row.at)

    def _plan(self, plan: PlanRow, at: int) -> None:
        self.sides = plan.services
        self.step = round(interval(planned.every for planned in plan.assignments) * SECOND)
        self.next = min(self.next, at - at % self.step + self.step)
        shortest: dict[str, int] = {}
        longest: dict[str, float] = {}
        for planned in plan.assignments:
            vantage = planned.series.vantage
            shortest[vantage] = min(planned.every, shortest.get(vantage, planned.every))
            longest[vantage] = max(planned.timeout, longest.get(vantage, 0.0))
        self.patience = {name: round((2 * every + longest[name]) * SECOND) for name, every in shortest.items()}

    def _record(self, record: Record, at: int) -> None:
        series = record.series
        patience = self.patience.get(series.vantage, round(UNPLANNED * SECOND))
        self.alive[series.vantage] = max(at + patience, self.alive.get(series.vantage, 0))
        self.families.setdefault(series.vantage, set()).add(series.family)
        if record.purpose is Purpose.SLOT and self.sides.get(series.service) == "control":
            self.last[series] = ("ok" if record.failure is None else "failed", record.began)
