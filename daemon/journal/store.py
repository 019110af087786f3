"""The journal as the rest of the daemon sees it: append, read, wait, commit, resume; one durable order of rows."""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Self

from daemon.journal import retention
from daemon.journal.batch import Move, Operation
from daemon.journal.chunks import Chunks
from daemon.journal.codec import encode
from daemon.journal.lock import Lock
from daemon.journal.mending import Mending
from daemon.journal.opening import DAMAGE, ROOM, Opened, intervals, open_journal
from daemon.journal.reader import Sizes
from daemon.journal.retention import Retention, Step
from daemon.journal.ring import gaps
from daemon.journal.writer import Writer
from daemon.rows import Annotation, Body, PlanRow, Row
from probes.clock import Clock
from probes.record import Series

log = logging.getLogger("reachd.journal")

RECENT = 5_000
"""Newest rows kept in memory (about 8 MB): followers that keep up never read the file."""
RING = 50_000
"""Rows that wait in memory at most while the disk is full (about 20 MB)."""
NOTHING = Step(0, 0, more=False, untold=())

_seq = attrgetter("seq")


class Journal:
    """One durable order of rows; every reader is a follower with a cursor of its own.

    Rows are numbered in the order of the calls of `append` and `commit`, with holes. Stamps follow the wall clock
    wherever it steps: numbers are the order, stamps are data.
    """

    def __init__(self, path: Path, clock: Clock, lock: Lock, opened: Opened, ring: int) -> None:
        """Use `Journal.open`."""
        self.path = path
        self.last = opened.last
        """Number of the newest durable row."""
        self.unsent = 0
        """Records that retention deleted before every follower had taken them."""
        self._clock = clock
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._interner = opened.interner
        self._every = opened.every
        self._next = opened.highest + 1
        self._recent: list[Row] = []
        self._floor = self.last  # memory holds every durable row above this number
        self._barren = (0, 0)  # between these two numbers no row can be read
        self._grown = asyncio.Event()
        self._closing = self._closed = False
        self._retaining = asyncio.Lock()
        self._chunks = Chunks(path)
        self._reading = ThreadPoolExecutor(1, "journal-reader")
        self._writer = Writer(opened.connection, self, ring, RECENT)
        self._mending = Mending(path, clock, self._writer)

    @classmethod
    async def open(cls, path: Path, clock: Clock, *, ring: int = RING) -> Self:
        """Open or make a journal, alone. Raises JournalRefused (in use, newer, not ours), OSError, apsw.Error."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(path)
        with ExitStack() as undo:
            undo.callback(lock.release)
            opened = await asyncio.to_thread(open_journal, path, clock)
            undo.pop_all()
        journal = cls(path, clock, lock, opened, ring)
        if opened.carried is not None:
            journal.mended(opened.carried.words())
        elif not opened.clean:
            journal._mending.check_in_background(journal.damaged)
        return journal

    async def __aenter__(self) -> Self:
        """`async with await Journal.open(...) as journal`."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """Write what waits (one attempt), close the file in order, give the lock back; a second time does nothing."""
        if self._closing:
            return
        self._closing = True
        await self._mending.close()
        await self._writer.drain()
        # Readers go first: whoever closes the file last removes its log, and a reader cannot.
        await self._loop.run_in_executor(self._reading, self._chunks.close)
        self._reading.shutdown()
        self._closed = True
        await self._writer.close()
        self._lock.release()

    @property
    def condition(self) -> str:
        """`ok`, or what is wrong (`full: …`, `failing: …`, `damaged: …`) until the journal has recovered by itself."""
        return self._writer.condition

    @property
    def figures(self) -> dict[str, float]:
        """For the daemon's own health: names end in their unit."""
        return {
            "journal_last_row": self.last,
            "journal_waiting_rows": self._writer.waiting,
            "journal_dropped_rows": self._writer.dropped,
            "journal_unsent_rows": self.unsent,
            "journal_unreadable_rows": self._chunks.unreadable,
            "journal_commits": self._writer.commits,
        }

    def append(self, rows: Iterable[Body]) -> "asyncio.Future[int]":
        """Queue rows for the next group commit; the future gives the last row number once they are on disk.

        While the disk is full the oldest raw rows may give way to a gap row: their future then speaks of that.
        Raises ValueError, KeyError or TypeError for a row that cannot be kept; nothing of the call is queued then.
        """
        return self._stage(rows)

    async def read(self, after: int, limit: int) -> list[Row]:
        """Durable rows behind `after` in order, at most `limit`; waits for nothing (empty when there is none)."""
        found = await self._from_disk(after, limit) if after < self._floor else []
        if not found:
            start = bisect_right(self._recent, after, key=_seq)
            found = self._recent[start : start + limit]
        if not found and after < self.last:
            self._barren = (after, self.last)
        return found

    async def wait(self, after: int) -> None:
        """Return as soon as a durable row with a number above `after` exists."""
        barren_from, barren_to = self._barren
        while self.last <= (max(after, barren_to) if after >= barren_from else after):
            await self._grown.wait()

    async def commit(
        self, follower: str, cursor: int, rows: Iterable[Body], saved: Mapping[str, bytes | None] | None = None
    ) -> None:
        """In one transaction: move a follower's cursor, append what it concluded, save state by key (None deletes)."""
        move = Move(
            follower,
            int(cursor),
            {name: value if value is None else bytes(value) for name, value in (saved or {}).items()},
        )
        await self._stage(rows, move)

    async def resume(self, follower: str) -> tuple[int, dict[str, bytes]]:
        """A follower's cursor (0 at first) and its saved state, as they are on disk."""
        return await self._loop.run_in_executor(self._reading, self._resume, follower)

    async def cursors(self) -> dict[str, int]:
        """Where every follower stands on disk."""
        return await self._loop.run_in_executor(self._reading, self._cursors)

    async def recall(self, series: Collection[Series], since: int, until: int, see: Callable[[Row], None]) -> int:
        """Show (on another thread) records and gaps of some series, stamped since a moment, up to a row number.

        Gives the stamp of the oldest record there is, in microseconds.
        """
        return await self._loop.run_in_executor(self._reading, self._recall, series, since, until, see)

    async def sizes(self) -> Sizes:
        """Bytes on disk."""
        return await self._loop.run_in_executor(self._reading, self._sizes)

    async def retain(self, keep: Retention) -> Step:
        """One small step of retention, at most 1,000 rows: call it again soon while `more` is set, else in a minute."""
        if self.condition.startswith("damaged"):
            return NOTHING
        async with self._retaining:
            try:
                step = await self._writer.run(retention.step, self.path, self._clock.wall(), keep)
            except DAMAGE as fault:
                self.damaged(str(fault))
                return NOTHING
            except ROOM:
                return NOTHING  # the next batch meets the same and says so
            self.unsent += step.unsent
            if step.untold:
                await self._tell(step)
            return step

    def landed(self, operations: list[Operation]) -> None:
        """From the writer: these are durable."""
        for operation in operations:
            if len(operation.rows) != operation.size():
                self._recent.clear()
                self._floor = operation.last
            else:
                self._recent += operation.rows
        if len(self._recent) > RECENT * 5 // 4:
            del self._recent[:-RECENT]
            self._floor = self._recent[0].seq - 1
        if any(operation.size() for operation in operations):
            self.last = max(operation.last for operation in operations if operation.size())
            self._grown.set()
            self._grown = asyncio.Event()
        for operation in operations:
            if not operation.future.done():
                operation.future.set_result(operation.last)
        if self._writer.lost:
            lost, self._writer.lost = self._writer.lost, {}
            self.append(gaps(lost, "disk", self._interner.series_by_number().__getitem__, self._every.get))

    def damaged(self, why: str) -> None:
        """From the writer, a read or the check in the background: replace the file while rows wait in memory."""
        self._mending.begin(why, self._interner.everything(), self._next, self.mended)

    def mended(self, words: str) -> None:
        """The file was replaced: say so in the log and in the data, and read from the new one."""
        log.warning("%s", words)
        self._reading.submit(self._chunks.close)
        self.append([Annotation(words, "reachd")])

    def _stage(
        self, bodies: Iterable[Body], move: Move | None = None, told: Sequence[tuple[int, str]] = ()
    ) -> "asyncio.Future[int]":
        if self._closed:
            raise RuntimeError("the journal is closed: nothing can be written any more")
        seq = first = self._next
        operation = Operation(self._clock.wall(), first, first - 1, self._loop.create_future(), move=move, told=told)
        for body in bodies:
            operation.add(*encode(seq, operation.at, body, self._interner))
            seq += 1
            if isinstance(body, PlanRow):
                self._every = intervals(body)
        self._next = seq
        operation.last = seq - 1
        operation.fresh = self._interner.take_fresh()
        self._writer.put(operation)
        return operation.future

    async def _from_disk(self, after: int, limit: int) -> list[Row]:
        while True:
            await self._mending.done()
            try:
                return await self._loop.run_in_executor(self._reading, self._chunks.read, after, limit, self.last)
            except DAMAGE as fault:
                self.damaged(str(fault))

    def _resume(self, follower: str) -> tuple[int, dict[str, bytes]]:
        reader = self._chunks.reader
        return reader.cursors().get(follower, 0), reader.saved(follower)

    def _cursors(self) -> dict[str, int]:
        return self._chunks.reader.cursors()

    def _recall(self, series: Collection[Series], since: int, until: int, see: Callable[[Row], None]) -> int:
        return self._chunks.reader.recall(series, since, until, see)

    def _sizes(self) -> Sizes:
        return self._chunks.reader.sizes()

    async def _tell(self, step: Step) -> None:
        """Write the gap rows of deleted slots, and in the same transaction forget that they are owed."""
        series = self._interner.series_by_number()
        for reason in {reason for _, reason, _ in step.untold}:
            lost = {number: slots for number, why, slots in step.untold if why == reason and number in series}
            told = [(number, why) for number, why, _ in step.untold if why == reason]
            await self._stage(gaps(lost, reason, series.__getitem__, self._every.get), told=told)
