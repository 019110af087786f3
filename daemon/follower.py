"""The loop that feeds one follower from the journal, retries it with back-off, and never stops another."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from daemon.rows import Body, Row
from probes.clock import Clock

log = logging.getLogger("reachd.follower")
FIRST_DELAY = 1.0
"""Seconds until a follower that failed is tried again; they double with each further failure."""
LONGEST_DELAY = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a follower made of a batch: rows to append and state to save, committed together with its cursor."""

    rows: tuple[Body, ...] = ()
    saved: Mapping[str, bytes | None] = field(default_factory=dict)
    cursor: int | None = None
    """Where to go on reading, if not behind the last row: a part of the batch was taken, or all is wanted again."""
    holding: str = ""
    """Why the destination takes nothing now, though the rows were taken: for status, like the reason of a Hold."""
    alarm: bool = False
    """Only a person can mend what it is holding for."""
    again: float | None = None
    """Seconds after which it wants to be asked even if nothing new came: with no rows then."""


class Hold(Exception):  # noqa: N818  no fault of the follower
    """The destination cannot take rows now: keep the cursor, try again after so many seconds."""

    def __init__(self, seconds: float, reason: str, *, alarm: bool = False) -> None:
        """`reason` is shown in status and in the log, once; `alarm` says that only a person can mend it."""
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason
        self.alarm = alarm


class Follower(Protocol):
    """Anything that reads the journal in order with its own durable cursor."""

    name: str
    batch: int
    """At most so many rows at once."""

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up the state saved with the cursor."""
        ...

    async def take(self, rows: list[Row]) -> Taken:
        """Consume rows in order (none only where it asked `again`); raise Hold to be asked again with the same rows."""
        ...


class Source(Protocol):
    """What the loop needs of the journal."""

    async def read(self, after: int, limit: int) -> list[Row]:
        """Durable rows behind `after` in order, at most `limit`."""
        ...

    async def wait(self, after: int) -> None:
        """Return as soon as a durable row behind `after` exists."""
        ...

    async def commit(self, follower: str, cursor: int, rows: Iterable[Body], saved: Mapping[str, bytes | None]) -> None:
        """Move a cursor, append rows and save state in one transaction."""
        ...

    async def resume(self, follower: str) -> tuple[int, dict[str, bytes]]:
        """A follower's cursor and saved state."""
        ...


@dataclass(slots=True)
class Standing:
    """How a follower is doing, for status and the daemon's own figures; written by its loop only."""

    name: str
    cursor: int = 0
    waiting: int | None = None
    """When the oldest row read and not yet taken came into the journal (microseconds), None if there is none."""
    taken: int = 0
    """Rows taken since the start."""
    busy: float = 0.0
    """Seconds since the start that it spent on taking rows, waits for its destination included."""
    failures: int = 0
    """Failures since the start."""
    in_a_row: int = 0
    """Failures since it last worked."""
    error: str = ""
    """The last failure in words, empty once it works again."""
    holding: str = ""
    """Why the destination takes nothing now, empty if it does."""
    alarm: bool = False
    """Only a person can mend what it is holding for."""

    def lag(self, now: int) -> float:
        """Seconds by which the follower is behind the journal."""
        return 0.0 if self.waiting is None else max(0.0, (now - self.waiting) / 1e6)


async def follow(
    journal: Source, follower: Follower, clock: Clock, standing: Standing | None = None, *, linger: float = 0.0
) -> None:
    """Feed a follower until cancelled; after a batch that was not full, `linger` seconds pass so that more gathers."""
    standing = standing or Standing(follower.name)
    while True:
        began = clock.monotonic()
        try:
            await _keep_up(journal, follower, standing, linger)
        except Exception as fault:  # noqa: BLE001  the loop's own: a follower with a bug must not stop the others
            if clock.monotonic() - began > LONGEST_DELAY:
                standing.in_a_row = 0
            _note_failure(standing, fault)
        await asyncio.sleep(min(LONGEST_DELAY, FIRST_DELAY * 2 ** (standing.in_a_row - 1)))


async def _keep_up(journal: Source, follower: Follower, standing: Standing, linger: float) -> None:
    """Resume where the journal says and take batch after batch; ends by an exception only."""
    standing.cursor, saved = await journal.resume(follower.name)
    await follower.resume(saved)
    again = None
    while True:
        await _news(journal, standing.cursor, again)
        rows = await journal.read(standing.cursor, follower.batch)
        if not rows and again is None:
            continue
        taken = await _advance(journal, follower, standing, rows)
        again = taken.again
        whole = bool(rows) and standing.cursor == rows[-1].seq
        if whole and len(rows) < follower.batch and (again is None or again > linger):
            await asyncio.sleep(linger)


async def _news(journal: Source, cursor: int, again: float | None) -> None:
    """Wait for a row behind the cursor, but not longer than the follower wants."""
    with suppress(TimeoutError):
        async with asyncio.timeout(again):
            await journal.wait(cursor)


async def _advance(journal: Source, follower: Follower, standing: Standing, rows: list[Row]) -> Taken:
    """Have a batch taken and commit what came of it."""
    standing.waiting = rows[0].at if rows else None
    taken = await _take(follower, rows, standing)
    last = rows[-1].seq if rows else standing.cursor
    cursor = last if taken.cursor is None else taken.cursor
    await journal.commit(follower.name, cursor, taken.rows, taken.saved)
    standing.taken += sum(row.seq <= cursor for row in rows)
    standing.cursor, standing.waiting = cursor, None
    if taken.holding:
        standing.in_a_row, standing.error = 0, ""
        _note_holding(standing, taken.holding, alarm=taken.alarm)
    else:
        _note_success(standing)
    return taken


async def _take(follower: Follower, rows: list[Row], standing: Standing) -> Taken:
    """Offer the same rows until the follower takes them."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            return await follower.take(rows)
        except Hold as hold:
            _note_holding(standing, hold.reason, alarm=hold.alarm)
            pause = hold.seconds
        finally:
            standing.busy += loop.time() - began
        await asyncio.sleep(pause)


def _note_holding(standing: Standing, reason: str, *, alarm: bool) -> None:
    """Say why it waits, once per reason."""
    if reason != standing.holding:
        log.log(logging.ERROR if alarm else logging.WARNING, "%s: waits: %s", standing.name, reason)
    standing.holding, standing.alarm = reason, alarm


def _note_failure(standing: Standing, fault: Exception) -> None:
    """Count a failure, and say it once per kind with its trace."""
    words = f"{type(fault).__name__}: {fault}"
    standing.failures += 1
    standing.in_a_row += 1
    if words != standing.error:
        log.error("%s: failed, will be tried again: %s", standing.name, words, exc_info=fault)
    standing.error = words


def _note_success(standing: Standing) -> None:
    """Say once that it works again."""
    if standing.error or standing.holding:
        log.info("%s: works again", standing.name)
    standing.in_a_row, standing.error, standing.holding, standing.alarm = 0, "", "", False
