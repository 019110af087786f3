"""Heartbeats for rows that come without: of bare plan and record lines nobody else tells that a vantage was alive."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from daemon.heartbeat import EVERY, heartbeats, interval
from daemon.moments import SECOND
from daemon.rows import Heartbeat, PlanRow, Row
from probes.record import Kind, Purpose, Record, Series

LOOK = 10_000
"""Rows looked at for a heartbeat; a journal writes one within 10 s, which at 300 records/s are 3,000 rows."""
AHEAD = 50_000
"""Rows read ahead at most (about 80 MB). A vantage that is not known to be silent, for what lies beyond, is alive."""
UNPLANNED = 120 * SECOND
"""Microseconds between two records of a vantage without a plan that are no silence."""


def with_heartbeats(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows as they are where they have heartbeats; otherwise with derived ones between them, numbered anew."""
    stream = iter(rows)
    first = list(islice(stream, LOOK))
    whole = chain(first, stream)
    if any(isinstance(row.body, Heartbeat) for row in first):
        return whole
    return (replace(row, seq=number) for number, row in enumerate(_beating(whole), 1))


def _beating(rows: Iterable[Row]) -> Iterator[Row]:
    stream, ahead = iter(rows), deque[Row]()
    lives, pulse = Lives(), Pulse()
    while True:
        while len(ahead) < AHEAD and (not ahead or lives.known <= ahead[0].at + lives.longest):
            row = next(stream, None)
            if row is None:
                break
            lives.take(row)
            ahead.append(row)
        if not ahead:
            return
        yield from pulse.until(ahead[0].at, lives)
        pulse.take(ahead[0])
        yield ahead.popleft()


@dataclass(slots=True)
class Lives:
    """When each vantage was alive: from record to record, where the time between them is no silence. Microseconds."""

    known: int = 0
    """Stamp of the last row read."""
    longest: int = UNPLANNED
    """The longest patience of any vantage."""
    patience: dict[str, int] = field(default_factory=dict)
    """Vantage to the longest time without a record that is no silence: two of its shortest intervals and a timeout."""
    spans: dict[str, list[list[int]]] = field(default_factory=dict)
    """Vantage to (first, last) of each stretch of records."""

    def take(self, row: Row) -> None:
        """Learn from a row that is read ahead."""
        self.known = max(self.known, row.at)
        if isinstance(row.body, PlanRow):
            self.patience = patience_of(row.body)
            self.longest = max((UNPLANNED, *self.patience.values()))
        elif isinstance(row.body, Record):
            spans = self.spans.setdefault(row.body.series.vantage, [])
            if spans and row.at - spans[-1][1] <= self._patience(row.body.series.vantage):
                spans[-1][1] = max(spans[-1][1], row.at)
            else:
                spans.append([row.at, row.at])

    def at(self, moment: int) -> list[str]:
        """The vantages that were alive at a moment, or are not known to have been silent; moments only go on."""
        return [vantage for vantage in self.spans if self._alive(vantage, moment)]

    def _alive(self, vantage: str, moment: int) -> bool:
        spans = self.spans[vantage]
        while len(spans) > 1 and spans[1][0] <= moment:
            del spans[0]
        first, last = spans[0]
        if first <= moment <= last:
            return True
        end = last + self._patience(vantage)
        return last < moment <= end and self.known < end

    def _patience(self, vantage: str) -> int:
        return self.patience.get(vantage, UNPLANNED)


def patience_of(plan: PlanRow) -> dict[str, int]:
    """Vantage to microseconds; see `Lives.patience`."""
    shortest: dict[str, int] = {}
    longest: dict[str, float] = {}
    for planned in plan.assignments:
        vantage = planned.series.vantage
        shortest[vantage] = min(planned.every, shortest.get(vantage, planned.every))
        longest[vantage] = max(planned.timeout, longest.get(vantage, 0.0))
    return {name: round((2 * every + longest[name]) * SECOND) for name, every in shortest.items()}


@dataclass(slots=True)
class Pulse:
    """What heartbeats say, and when the next is due (microseconds)."""

    next: int = 0
    step: int = round(EVERY * SECOND)
    sides: dict[str, str] = field(default_factory=dict)
    families: dict[str, set[str]] = field(default_factory=dict)
    last: dict[Series, tuple[str, int]] = field(default_factory=dict)
    """The last outcome of each control series."""

    def until(self, now: int, lives: Lives) -> Iterator[Row]:
        """The heartbeats due up to a moment. Where nobody is alive, time passes in silence."""
        while self.next <= now and (living := lives.at(self.next)):
            carried = {name: frozenset(self.families.get(name, ())) for name in living}
            yield from (Row(0, self.next, beat) for beat in heartbeats(carried, self.sides, self.last))
            self.next += self.step
        self.next = max(self.next, self._after(now))

    def take(self, row: Row) -> None:
        """Learn from a row that is passed on."""
        body = row.body
        if isinstance(body, PlanRow):
            self.sides = body.services
            self.step = round(interval(planned.every for planned in body.assignments) * SECOND)
            self.next = min(self.next, self._after(row.at))
        elif isinstance(body, Record):
            self.families.setdefault(body.series.vantage, set()).add(body.series.family)
            if body.purpose is Purpose.SLOT and self.sides.get(body.series.service) == "control":
                self._control(body)

    def _control(self, record: Record) -> None:
        if record.failure is None:
            self.last[record.series] = ("ok", record.began)
        elif record.failure.kind is Kind.LOCAL:
            self.last.pop(record.series, None)  # a fault of our own: nothing was measured
        else:
            self.last[record.series] = ("failed", record.began)

    def _after(self, moment: int) -> int:
        """The first moment of the beat behind that one."""
        return moment - moment % self.step + self.step
