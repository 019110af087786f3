"""Journal rows gathered into one parcel of points, bounded in lines, that says where to go on reading."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from daemon.rows import Event, Gap, Health, Heartbeat, Rollup, Row, State
from daemon.sinks.events import Identity, event_lines, identity, unpack
from daemon.sinks.lines import NS, gap_lines, health_line, heartbeat_line, record_line, state_line
from daemon.sinks.protocol import Line
from daemon.sinks.rollups import rollup_line
from daemon.sinks.share import ALL, Share, share_of
from probes.record import Record

LINES = 5000
"""Lines of a parcel, and so of a request, at most."""
EVENTS_KEPT = 2000
"""Events whose place in the store is remembered; a revision of an older one would leave its old point as it is."""
EVENT_PREFIX = "event/"
WITHIN = "within"
"""Saved state: a gap whose points are stored in part."""


class Within(NamedTuple):
    """The row of a gap and the due time (microseconds) up to which its points are stored."""

    seq: int
    due: int


@dataclass(slots=True)
class Memory:
    """What must be known of earlier rows: where each event's point stands, and how far a long gap is written."""

    events: dict[str, Identity] = field(default_factory=dict)
    within: Within | None = None


def load(saved: Mapping[str, bytes]) -> Memory:
    """Take up what was saved with the cursor."""
    places = {key: text for key, text in saved.items() if key.startswith(EVENT_PREFIX)}
    events = {key.removeprefix(EVENT_PREFIX): unpack(text) for key, text in places.items()}
    return Memory(events, Within(*json.loads(saved[WITHIN])) if WITHIN in saved else None)


def event_key(name: str) -> str:
    """Where the place of an event is saved."""
    return EVENT_PREFIX + name


@dataclass(slots=True)
class Parcel:
    """Points of the rows from `first` on; `last` is the last row that is in it to the end."""

    first: int
    memory: Memory
    agent: str = ""
    shares: frozenset[Share] = ALL
    """What is written here."""
    lines: list[Line] = field(default_factory=list)
    last: int = 0
    within: Within | None = None
    events: dict[str, Identity] = field(default_factory=dict)
    """Events with a new place."""

    def add(self, row: Row) -> bool:
        """Add a row's points; False once the parcel is full (the row may then be in it in part)."""
        if share_of(row.body) not in self.shares:
            self.last = row.seq
            return True
        if isinstance(row.body, Gap):
            return self._add_gap(row, row.body)
        self.lines += self._lines(row)
        self.last = row.seq
        return len(self.lines) < LINES

    def _lines(self, row: Row) -> list[Line]:
        """The points of a row that has few."""
        body = row.body
        if isinstance(body, Record):
            found = record_line(row.seq, body)
        elif isinstance(body, Event):
            return self._event(row, body)
        elif isinstance(body, State):
            found = state_line(row, body)
        elif isinstance(body, Rollup):
            found = rollup_line(row, body)
        elif isinstance(body, Heartbeat):
            found = heartbeat_line(row, body)
        else:
            found = health_line(row, body, self.agent) if isinstance(body, Health) else None
        return [] if found is None else [found]

    def _event(self, row: Row, event: Event) -> list[Line]:
        """The points of a revision, beside the place of the one before."""
        former = self.events.get(event.id) or self.memory.events.get(event.id)
        self.events[event.id] = identity(event)
        return list(event_lines(row, event, former))

    def _add_gap(self, row: Row, gap: Gap) -> bool:
        """As many of a gap's points as still fit; the rest comes with the next parcel."""
        behind = self.memory.within.due if self.memory.within and self.memory.within.seq == row.seq else None
        for line in gap_lines(row.seq, gap, behind):
            if len(self.lines) >= LINES:
                self.within = Within(row.seq, self.lines[-1].time // NS)
                return False
            self.lines.append(line)
        self.last = row.seq
        return len(self.lines) < LINES

    def saved(self) -> dict[str, bytes | None]:
        """What changes in the saved state once these points are stored; None deletes."""
        changes: dict[str, bytes | None] = {event_key(name): where.pack() for name, where in self.events.items()}
        known = [name for name in self.memory.events if name not in self.events]
        excess = max(0, len(known) + len(self.events) - EVENTS_KEPT)
        changes |= dict.fromkeys(map(event_key, known[:excess]))
        if self.within is not None or self.memory.within is not None:
            changes[WITHIN] = None if self.within is None else json.dumps(self.within).encode()
        return changes

    def remember(self) -> None:
        """The points are stored: what they changed is known from now on."""
        for name, where in self.events.items():
            self.memory.events.pop(name, None)
            self.memory.events[name] = where
        while len(self.memory.events) > EVENTS_KEPT:
            del self.memory.events[next(iter(self.memory.events))]
        self.memory.within = self.within
