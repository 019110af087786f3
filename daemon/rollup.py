"""Rollups as a follower of the journal: 5 minutes and 1 hour of every series, rewritten when something comes late."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from daemon.follower import Taken
from daemon.ledger import Hour, Ledger, forget, gather, missing, recall, step, unwritten
from daemon.ledger_saved import (
    SERIES,
    SLOTS,
    STATE,
    newest_hour,
    pack_series,
    pack_slots,
    pack_state,
    restore,
    slot_keys,
)
from daemon.rows import Rollup, Row
from daemon.windows import HOUR
from probes.record import Series

log = logging.getLogger("reachd.rollup")

See = Callable[[Row], None]
Recall = Callable[[Collection[Series], int, int, See], Awaitable[int]]
"""Show, on whatever thread, all records and gaps of some series that the journal stamped since a moment up to a row
number; gives the stamp of the oldest record that the journal still has (microseconds)."""

SAVE_AFTER = 30
"""Ticks (of ten seconds) after which the state is saved although no window was over."""


class Rollups:
    """The state between two batches, and when it is saved.

    Values are saved whenever rows are made, and at least every five minutes, not with every batch: the state would be
    written a hundred times as often. After a start the journal is read again from the row as of which it was saved;
    nothing was made behind that row, so nothing is made twice.
    """

    name = "rollup"
    batch = 2_000

    def __init__(self, recalled: Recall) -> None:
        """Nothing is known until `resume`."""
        self.ledger = Ledger()
        self._recalled = recalled
        self._from: int | None = None
        self._saved = 0
        self._told = False
        self._slots: dict[str, int] = {}

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up the state as it was saved last, to read on from the row of then."""
        self.ledger, self._from = restore(saved)
        self._slots = {key: newest_hour(saved[key]) for key in slot_keys(saved)}
        self._saved = self.ledger.ticks

    async def take(self, rows: list[Row]) -> Taken:
        """Count a batch, and write the windows that are over."""
        if self._from is not None:
            cursor, self._from = self._from, None
            await self._have(unwritten(self.ledger), cursor)
            return Taken(cursor=cursor)
        await self._have(missing(self.ledger, rows), rows[0].seq - 1)
        made: list[Rollup] = []
        for row in rows:
            made += step(self.ledger, row)
        self._complain()
        if not made and self.ledger.ticks - self._saved < SAVE_AFTER:
            return Taken()
        return Taken(tuple(made), self._save(rows[-1].seq))

    def _complain(self) -> None:
        """Say once that something came too late to be counted; the records themselves are in the journal."""
        if self.ledger.given_up and not self._told:
            self._told = True
            log.warning("slots of hours whose raw rows are deleted came in: they are not in the rollups of those hours")

    async def _have(self, wanted: Mapping[int, Collection[int]], until: int) -> None:
        """Call hours back from the journal that something came for and that were let go of."""
        if not wanted:
            return
        ledger = self.ledger
        hours = {number: {hour: Hour(touched=ledger.ticks) for hour in some} for number, some in wanted.items()}
        first = min(hour for some in wanted.values() for hour in some) * HOUR
        series = [ledger.tracks[number].series for number in wanted]
        # A record is stamped after it was due, but by a clock that may have been wrong: an hour earlier is enough.
        oldest = await self._recalled(series, first - HOUR, until, lambda row: gather(ledger, hours, row))
        recall(ledger, hours, oldest)

    def _save(self, seq: int) -> dict[str, bytes | None]:
        """All that changed, as of a row; what is not at hand any more is deleted."""
        ledger, saved = self.ledger, dict[str, bytes | None]()
        oldest = forget(ledger)
        gone = [key for key, newest in self._slots.items() if newest < oldest]
        saved |= dict.fromkeys(gone)
        for key in gone:
            del self._slots[key]
        if ledger.fresh:
            self._slots[f"{SLOTS}{seq}"] = max(hour for _number, hour in ledger.fresh)
            saved[f"{SLOTS}{seq}"] = pack_slots(ledger.fresh)
            ledger.fresh = {}
        if ledger.met:
            saved[SERIES] = pack_series(ledger)
            ledger.met = False
        saved[STATE] = pack_state(ledger, seq, self._slots)
        self._saved = ledger.ticks
        return saved
