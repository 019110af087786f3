"""The one thread that writes, and what waits for it: group commit, retries while the disk refuses, the ring."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import apsw

from daemon.journal.batch import Operation, write
from daemon.journal.opening import DAMAGE, ROOM, close_connection
from daemon.journal.ring import Lost, give_way

log = logging.getLogger("reachd.journal")

WINDOW = 0.05
"""Seconds from the first waiting row to its commit: a tenth of the fsyncs, for a delay that no follower notices."""
AT_ONCE = 500
"""Waiting rows that end the window early."""
MOST = 5_000
"""Rows of a transaction at most: after a full disk the ring is written in several."""
FIRST_RETRY, LAST_RETRY = 0.5, 10.0
"""Seconds between two attempts while the disk refuses: doubled from the first to the last."""

P = ParamSpec("P")
T = TypeVar("T")


class Events(Protocol):
    """What the writer tells the journal, on the event loop."""

    def landed(self, operations: list[Operation]) -> None:
        """These are on disk now, in this order."""
        ...

    def damaged(self, why: str) -> None:
        """The file is damaged and must be replaced: `hold`, then `resume`."""
        ...


class Writer:
    """Takes operations in order and makes them durable; belongs to the event loop, its connection to its thread."""

    def __init__(self, connection: apsw.Connection, events: Events, ring: int, in_memory: int) -> None:
        """`ring`: rows that wait at most while the disk refuses; `in_memory`: of them, those kept decoded too."""
        self.condition = "ok"
        self.dropped = 0
        self.lost: dict[int, Lost] = {}
        self.commits = 0
        self._loop = asyncio.get_running_loop()
        self.thread = ThreadPoolExecutor(1, "journal-writer")
        self.connection = connection
        self._events = events
        self._ring = ring
        self._in_memory = in_memory
        self._queue: deque[Operation] = deque()
        self._waiting = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._held = False
        self._retry = FIRST_RETRY

    @property
    def waiting(self) -> int:
        """Rows that are not on disk yet."""
        return self._waiting

    def put(self, operation: Operation) -> None:
        """Queue an operation; never waits."""
        if not self._queue:
            self._since = self._loop.time()
        self._queue.append(operation)
        self._waiting += operation.size()
        if self._held or self.condition != "ok":
            self._bound()
        elif self._under_way is None:
            self._schedule()

    async def run(self, function: Callable[Concatenate[apsw.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Let the writer's thread do something with its connection between two batches."""
        return await self._loop.run_in_executor(self.thread, lambda: function(self.connection, *args, **kwargs))

    def resume(self, connection: apsw.Connection) -> None:
        """Write to this connection from now on, first what waited."""
        self.connection = connection
        self._held = False
        self._good()
        self._schedule()

    def hold(self, why: str) -> None:
        """Begin no batch until `resume`; `why` becomes the condition."""
        self._held = True
        self.condition = why
        self._cancel_timer()

    async def drain(self) -> None:
        """Write what waits, each batch once; what the disk refuses stays."""
        self._cancel_timer()
        while self._queue or self._under_way is not None:
            if self._under_way is None:
                self._begin()
            if self._under_way is not None:
                await asyncio.wait([self._under_way])
            if self.condition != "ok":
                return

    async def close(self) -> None:
        """Write what waits, close the file in order, end the thread."""
        await self.drain()
        self._cancel_timer()
        if self._waiting:
            log.error("the journal is closed although %d rows could not be written (%s)", self._waiting, self.condition)
        for operation in self._queue:
            operation.future.cancel()
        await self.run(close_connection)
        self.thread.shutdown()

    def _schedule(self) -> None:
        """Begin a batch at once if many rows wait, else when the window of the first of them ends."""
        if not self._queue:
            return
        if self._waiting >= AT_ONCE:
            self._begin()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._since + WINDOW, self._begin)

    def _begin(self) -> None:
        self._cancel_timer()
        if self._held:
            return
        batch: list[Operation] = []
        rows = 0
        while self._queue and rows < MOST:
            batch.append(self._queue.popleft())
            rows += batch[-1].size()
        self._since = self._loop.time()
        self._under_way = self._loop.run_in_executor(self.thread, write, self.connection, batch)
        self._under_way.add_done_callback(lambda done: self._ended(done, batch))

    def _ended(self, done: "asyncio.Future[None]", batch: list[Operation]) -> None:
        self._under_way = None
        fault = done.exception()
        if fault is None:
            self.commits += 1
            self._waiting -= sum(op.size() for op in batch)
            if not self._held:
                self._good()
            self._events.landed(batch)
            if not self._held:
                self._schedule()
            return
        if not isinstance(fault, (*DAMAGE, *ROOM)):
            self._failed(fault, batch)
            return
        self._queue.extendleft(reversed(batch))
        if isinstance(fault, DAMAGE):
            self._events.damaged(str(fault))
        else:
            self._refused(fault)

    def _failed(self, fault: BaseException, batch: list[Operation]) -> None:
        """A bug: the callers of this batch learn of it and the loop shows it; the others go on."""
        self._waiting -= sum(op.size() for op in batch)
        for operation in batch:
            if not operation.future.done():
                operation.future.set_exception(fault)
        self._loop.call_exception_handler({"message": "rows could not be written to the journal", "exception": fault})
        self._schedule()

    def _refused(self, fault: BaseException) -> None:
        """The disk takes nothing: say so once, try again later, keep what comes in the ring."""
        if self.condition == "ok":
            log.error("the journal cannot be written (%s): rows wait in memory until it can", fault)
        self.condition = f"full: {fault}" if isinstance(fault, apsw.FullError) else f"failing: {fault}"
        self._bound()
        self._cancel_timer()
        self._timer = self._loop.call_later(self._retry, self._begin)
        self._retry = min(self._retry * 2, LAST_RETRY)

    def _good(self) -> None:
        if self.condition != "ok":
            log.warning("the journal is written again; %d rows had to give way so far", self.dropped)
        self.condition = "ok"
        self._retry = FIRST_RETRY

    def _bound(self) -> None:
        """Keep what waits within its limits; a tenth at a time, so that not every row pays."""
        if self._waiting > self._ring:
            gone = give_way(self._queue, self._waiting - self._ring + self._ring // 10, self.lost)
            self.dropped += gone
            self._waiting -= gone
        if self._waiting > self._in_memory:
            self._forget_decoded()

    def _forget_decoded(self) -> None:
        """Rows that followers will read from disk anyway need not wait in two forms."""
        spare = self._waiting - self._in_memory
        for operation in self._queue:
            if spare <= 0:
                return
            spare -= operation.size()
            operation.rows = []

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
