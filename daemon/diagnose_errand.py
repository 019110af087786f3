"""A closer look that a person asks for: the controls first, then each target, without a journal."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from config.plan import Assignment
from daemon.diagnose import Diagnoses
from daemon.diagnose_arms import tries
from daemon.diagnose_run import SPACE, cell_of, look, record_of
from daemon.errand import PATIENCE, Hand, attempt_of
from daemon.limits import Limiter
from daemon.planned import Prepared
from probes.clock import Clock
from probes.diagnosis import Arm, Cell
from probes.record import Record
from probes.run import Skipped
from probes.steps.dns_system import close_system


async def diagnose(
    now: Prepared, assignments: list[Assignment], clock: Clock, space: float = SPACE
) -> AsyncIterator[Record | None]:
    """Look closer at each, one after another within the limits; None for one without room in them.

    Where a target answers at once, nothing else is measured: a filter is not to be set off for nothing.
    """
    hand = Hand(now, clock, Limiter(now.owned))
    try:
        known = await _controls(hand, {item.series.vantage for item in assignments})
        for item in assignments:
            yield await _one(hand, known, item, space)
    finally:
        await close_system()


async def _controls(hand: Hand, vantages: set[str]) -> Diagnoses:
    """Which controls are well now, as a daemon would know from its slots."""
    known = Diagnoses(hand.now.plan)
    latest = asyncio.get_running_loop().time() + PATIENCE
    wanted = [item for item in hand.now.plan.assignments if item.series.vantage in vantages and known.is_control(item)]
    runs = [hand.run(attempt_of(item, hand.clock), latest) for item in wanted]
    for found in await asyncio.gather(*runs, return_exceptions=True):
        if isinstance(found, Record):
            known.take(found)
        elif not isinstance(found, Skipped):
            raise found
    return known


async def _one(hand: Hand, known: Diagnoses, item: Assignment, space: float) -> Record | None:
    """Measure a target, and where it fails compare."""
    loop = asyncio.get_running_loop()
    began, start = hand.clock.wall(), loop.time()
    base = attempt_of(item, hand.clock)
    try:
        record = await hand.run(base, start + PATIENCE)
    except Skipped:
        return None
    cells: tuple[Cell, ...] = (cell_of(Arm.ORIGINAL, base, record, 0.0),)
    if record.failure is not None:
        asked = replace(base, of=record.id)
        found = await look(tries(record, asked, known.ground(record)), hand.run, space)
        cells = tuple(replace(cell, begin=round(cell.begin + record.seconds, 6)) for cell in found) or cells
    return record_of(item.series, base, cells, began, loop.time() - start)
