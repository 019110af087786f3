"""A follower that keeps in memory what the overview shows, and tells the readers of the event stream of changes."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon.follower import Taken
from daemon.journal.reader import Reader, open_reader
from daemon.moments import SECOND
from daemon.rows import Event, Gap, Health, Heartbeat, PlanRow, Row, State
from daemon.web.strip import OF_STATE, Strip
from probes.record import Purpose, Record, Series, series_parts, short_hash

DAY = 86_400 * SECOND
WAITING = 32
"""Messages that wait for a slow reader at most; then it is dropped, and comes again by itself."""
READERS = 200
"""Readers of the event stream at once."""
ENDED, GAPS, RECORDS = 100, 100, 5_000
"""Events that are over, gaps and newest records that are remembered."""
BEATS = 500
"""Newest heartbeats looked at when starting: the last of each vantage is among them."""

Pair = tuple[str, str]
"""Service and vantage."""


@dataclass(frozen=True, slots=True)
class Told:
    """A state as it was told last, and since when it has been the same."""

    state: State
    at: int
    since: int


@dataclass(frozen=True, slots=True)
class Last:
    """The newest record of a series: all that a list shows."""

    began: int
    seconds: float
    failure: str
    """Phase and kind, empty if it went well."""


@dataclass(slots=True)
class Live:
    """The latest of everything; belongs to the loop."""

    journal: Path
    now: Callable[[], int]
    """Microseconds."""
    name: str = "web"
    batch: int = 2_000
    seen: int = 0
    """Number of the newest row that is in here."""
    ready: bool = False
    plan: PlanRow | None = None
    keys: dict[str, Series] = field(default_factory=dict)
    """The series of the plan by their key in addresses."""
    told: dict[Pair, Told] = field(default_factory=dict)
    strips: dict[Pair, Strip] = field(default_factory=dict)
    beats: dict[str, tuple[int, Heartbeat]] = field(default_factory=dict)
    health: tuple[int, Health] | None = None
    events: dict[str, Event] = field(default_factory=dict)
    """Open ones and the last that ended, by id, as they were told last."""
    gaps: deque[tuple[int, Gap]] = field(default_factory=lambda: deque(maxlen=GAPS))
    last: dict[Series, Last] = field(default_factory=dict)
    readers: set[asyncio.Queue[str | None]] = field(default_factory=set)

    async def resume(self, saved: Mapping[str, bytes]) -> None:  # noqa: ARG002  it keeps nothing but its place
        """Read what the last day left, in a thread; what comes again afterwards is passed over."""
        rows, last = await asyncio.to_thread(_past, self.journal, self.now())
        for row in rows:
            self.put(row)
        self.seen = max(self.seen, last)
        self.ready = True

    async def take(self, rows: list[Row]) -> Taken:
        """Keep what is new and tell the readers."""
        fresh = [row for row in rows if row.seq > self.seen]
        what = {word for row in fresh if (word := self.put(row))}
        if fresh:
            self.seen = fresh[-1].seq
            self.publish(json.dumps({"row": self.seen, "what": sorted(what | {"rows"})}))
        return Taken()

    def put(self, row: Row) -> str:
        """Take one row in; returns the word for what has changed by it, empty for what is no news."""
        match row.body:
            case Record(purpose=Purpose.SLOT) as record:
                failure = record.failure
                words = f"{failure.phase}: {failure.kind}" if failure else ""
                self.last[record.series] = Last(record.began, record.seconds, words)
            case State() as state:
                return self._state(row.at, state)
            case Event() as event:
                self._event(event)
                return "events"
            case Heartbeat() as beat:
                self.beats[beat.vantage] = (row.at, beat)
            case Health() as health:
                self.health = (row.at, health)
            case Gap() as gap:
                self.gaps.append((row.at, gap))
            case PlanRow() as plan:
                self._plan(plan)
                return "states"
            case _:
                pass
        return ""

    def _state(self, at: int, state: State) -> str:
        pair = (state.service, state.vantage)
        before = self.told.get(pair)
        same = before is not None and before.state.state == state.state
        self.told[pair] = Told(state, at, before.since if before and same else at)
        self.strips.setdefault(pair, Strip()).mark(at, OF_STATE[state.state])
        return "" if same else "states"

    def _event(self, event: Event) -> None:
        self.events.pop(event.id, None)
        self.events[event.id] = event
        over = [id_ for id_, one in self.events.items() if one.ended is not None]
        for id_ in over[:-ENDED]:
            del self.events[id_]

    def _plan(self, plan: PlanRow) -> None:
        self.plan = plan
        self.keys = {key_of(planned.series): planned.series for planned in plan.assignments}
        pairs = {(series.service, series.vantage) for series in self.keys.values()}
        for gone in self.told.keys() - pairs:
            del self.told[gone]
            self.strips.pop(gone, None)
        planned = set(self.keys.values())
        self.last = {series: last for series, last in self.last.items() if series in planned}

    def open_events(self) -> list[Event]:
        """Those that are not over, what is new first."""
        return sorted((event for event in self.events.values() if event.ended is None), key=lambda one: -one.onset[1])

    def join(self) -> asyncio.Queue[str | None] | None:
        """A queue of messages for one reader (None in it: it was dropped); None if there are too many readers."""
        if len(self.readers) >= READERS:
            return None
        queue: asyncio.Queue[str | None] = asyncio.Queue(WAITING)
        self.readers.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[str | None]) -> None:
        """A reader has gone."""
        self.readers.discard(queue)

    def publish(self, message: str) -> None:
        """Put a message into every queue; a reader whose queue is full is dropped."""
        for queue in list(self.readers):
            if queue.full():
                self._drop(queue)
            else:
                queue.put_nowait(message)

    def hang_up(self) -> None:
        """End all streams."""
        for queue in list(self.readers):
            self._drop(queue)

    def _drop(self, queue: asyncio.Queue[str | None]) -> None:
        self.readers.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


def key_of(series: Series) -> str:
    """The name of a series in an address: 16 letters, the same for ever."""
    return short_hash(*series_parts(series))


def _past(journal: Path, now: int) -> tuple[list[Row], int]:
    """The rows that make the picture of now, in order, and the number of the last row there is."""
    with open_reader(journal) as reader:
        last = reader.last()
        rows = [row for row in _picture(reader, now) if row.seq <= last]
        return sorted(rows, key=lambda row: row.seq), last


def _picture(reader: Reader, now: int) -> list[Row]:
    rows = [*reader.newest("plan", 1), *reader.newest("health", 1), *reader.newest("gap", GAPS)]
    rows += [*reader.newest("heartbeat", BEATS), *reader.newest("record", RECORDS)]
    rows += [*reader.rows(kinds={"event"}), *reader.rows(kinds={"state"}, since=now - DAY)]
    return rows
