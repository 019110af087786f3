"""What the journal says since the daemon started, counted in memory for who asks at any moment, such as /metrics."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon.follower import Source, Taken
from daemon.journal.reader import open_reader
from daemon.rows import Body, Event, Gap, Row, State
from daemon.runner import outcome
from probes.record import Purpose, Record, Series

EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Seconds: upper edges of the classes of lateness; a start that is later than the last one is never made."""
OLD = "retention"
"""The reason of gaps that were measured once: they are no skipped slots."""
STATES = 5_000
"""Newest rows of the state of services looked at in the beginning; each is written again every 5 minutes."""


@dataclass(slots=True)
class Lateness:
    """How late runs start after their moment."""

    classes: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))
    """Starts by class of EDGES, the last for what is beyond."""
    seconds: float = 0.0
    """Their sum."""

    def note(self, late: float) -> None:
        """One more start, so many seconds late."""
        self.classes[bisect_left(EDGES, late)] += 1
        self.seconds += late


@dataclass(slots=True)
class Tally:
    """A follower that keeps nothing on disk; counts are since the start, what was last is of before it too."""

    name: str = "tally"
    batch: int = 2_000
    last: dict[Series, Record] = field(default_factory=dict)
    """The last slot record of each series, by its due time."""
    slots: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Slots by service, vantage and outcome: ok, failed, local."""
    failures: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Failed slots by service, vantage, phase and kind."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Slots without a record, by the reason of their gap."""
    lateness: Lateness = field(default_factory=Lateness)
    events: dict[str, str] = field(default_factory=dict)
    """Event to its state, while it has not ended."""
    states: dict[tuple[str, str], int] = field(default_factory=dict)
    """Service and vantage to their state, as `daemon.rows.State` numbers it."""

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Nothing is saved: what was before the start comes by `remember`."""

    async def take(self, rows: list[Row]) -> Taken:
        """Count."""
        self.see(row.body for row in rows)
        return Taken()

    def see(self, bodies: Iterable[Body]) -> None:
        """Count what these rows say, in their order."""
        for body in bodies:
            if isinstance(body, Record):
                self._see_record(body)
            elif isinstance(body, Gap):
                if body.reason != OLD:
                    self.skipped[body.reason] += (body.last - body.first) // (body.every * 1_000_000) + 1
            elif isinstance(body, Event):
                self._see_event(body)
            elif isinstance(body, State):
                self.states[body.service, body.vantage] = body.state

    def remember(self, last: Mapping[Series, Record], open_before: Iterable[Body]) -> None:
        """Take up what was measured last before the start, without counting it, and what was open then."""
        self.last |= last
        self.see(open_before)

    def _see_record(self, record: Record) -> None:
        """A confirming run is evidence and no measurement: it is not counted."""
        if record.purpose is not Purpose.SLOT:
            return
        series, known = record.series, self.last.get(record.series)
        if known is None or known.due <= record.due:
            self.last[series] = record
        self.slots[series.service, series.vantage, outcome(record)] += 1
        if record.failure is not None:
            self.failures[series.service, series.vantage, record.failure.phase, record.failure.kind] += 1
        if record.facts.loop_lag is not None:
            self.lateness.note(record.facts.loop_lag)

    def _see_event(self, event: Event) -> None:
        if event.state == "ended":
            self.events.pop(event.id, None)
        else:
            self.events[event.id] = event.state


def open_before(journal: Path) -> list[Body]:
    """All events and the newest states of a journal: events are few, and one may have stood open for a year."""
    with open_reader(journal) as reader:
        states = reversed(reader.newest("state", STATES))
        return [row.body for row in (*reader.rows(kinds={"event"}), *states)]


@dataclass(slots=True)
class Onlooker:
    """The journal for a follower that keeps nothing: its cursor is in memory, and begins where it is told."""

    journal: Source
    cursor: int

    async def read(self, after: int, limit: int) -> list[Row]:
        """As the journal."""
        return await self.journal.read(after, limit)

    async def wait(self, after: int) -> None:
        """As the journal."""
        await self.journal.wait(after)

    async def commit(self, follower: str, cursor: int, rows: Iterable[Body], saved: Mapping[str, bytes | None]) -> None:
        """Remember the cursor until the process ends. Raises TypeError for an onlooker that has something to keep."""
        if tuple(rows) or saved:
            raise TypeError(f"{follower} looks on: it cannot write to the journal")
        self.cursor = cursor

    async def resume(self, follower: str) -> tuple[int, dict[str, bytes]]:  # noqa: ARG002  there is one
        """Where it stands, and nothing saved."""
        return self.cursor, {}
