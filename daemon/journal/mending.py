"""Watching over a running journal's file: the check in the background, and its replacement when it is damaged."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw

from daemon.journal import recovery, schema
from daemon.journal.batch import write_fresh
from daemon.journal.check import Check
from daemon.journal.intern import Fresh
from daemon.journal.writer import Writer
from probes.clock import Clock

log = logging.getLogger("reachd.journal")

RETRY = 30.0
"""Seconds until a replacement that failed (a full disk) is tried again."""
_CLOSE_WITHIN = 2.0

Mended = Callable[[str], None]
Replaced = tuple[apsw.Connection, recovery.Carried]


class Mending:
    """Replaces a damaged file under a running journal, whose rows wait in memory meanwhile."""

    def __init__(self, path: Path, clock: Clock, writer: Writer) -> None:
        """Nothing is wrong yet."""
        self._path = path
        self._clock = clock
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._sound = asyncio.Event()
        self._sound.set()
        self._retry: asyncio.TimerHandle | None = None
        self._check: Check | None = None
        self._checking: ThreadPoolExecutor | None = None

    def check_in_background(self, damaged: Callable[[str], None]) -> None:
        """Read the whole file on a thread of its own; `damaged` is called with what was found, if anything."""
        log.warning("the journal was not closed in order: it is being checked in the background")
        self._check = Check(self._path)
        self._checking = ThreadPoolExecutor(1, "journal-check")
        verdict = self._loop.run_in_executor(self._checking, self._check.run)
        verdict.add_done_callback(lambda done: self._checked(done.result(), damaged))

    def begin(self, why: str, known: Fresh, floor: int, mended: Mended) -> None:
        """Replace the file, once: `known` content keeps its numbers, row numbers go on above `floor`."""
        if not self._sound.is_set():
            return
        log.error("the journal is damaged (%s): it is being set aside, rows wait in memory", why)
        self._sound.clear()
        self._writer.hold(f"damaged: {why}")
        self._replace(known, floor, mended)

    async def done(self) -> None:
        """Wait until the file is sound."""
        await self._sound.wait()

    async def close(self) -> None:
        """Stop the check; give a replacement under way a moment to end."""
        if self._check is not None and self._checking is not None:
            self._check.stop()
            await asyncio.to_thread(self._checking.shutdown)
        if not self._sound.is_set():
            try:
                await asyncio.wait_for(self._sound.wait(), _CLOSE_WITHIN)
            except TimeoutError:
                log.warning("the damaged journal could not be replaced in time; the next start will do it")
        if self._retry is not None:
            self._retry.cancel()

    def _checked(self, verdict: str | None, damaged: Callable[[str], None]) -> None:
        if verdict is not None:
            damaged(verdict)

    def _replace(self, known: Fresh, floor: int, mended: Mended) -> None:
        replaced = self._loop.run_in_executor(self._writer.thread, self._rebuild, known, floor)
        replaced.add_done_callback(lambda done: self._replaced(done, known, floor, mended))

    def _rebuild(self, known: Fresh, floor: int) -> Replaced:
        self._writer.connection.close()
        carried = recovery.recover(self._path, self._clock.wall(), floor)
        connection = schema.open_writer(self._path)
        with connection:
            write_fresh(connection, [known])
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 0)")
        return connection, carried

    def _replaced(self, done: "asyncio.Future[Replaced]", known: Fresh, floor: int, mended: Mended) -> None:
        fault = done.exception()
        if isinstance(fault, (apsw.Error, OSError)):
            log.error("the damaged journal could not be replaced (%s): trying again in %.0f s", fault, RETRY)
            self._retry = self._loop.call_later(RETRY, self._replace, known, floor, mended)
            return
        connection, carried = done.result()
        self._sound.set()
        self._writer.resume(connection)
        mended(carried.words())
