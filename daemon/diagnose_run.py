"""A closer look, carried out: cell after cell within a minute, and the one record that holds them all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from daemon.diagnose_arms import Try
from daemon.diagnose_ground import place_of
from probes.diagnosis import Arm, Cell, Diagnosis
from probes.finding import answered, finding
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series
from probes.run import Attempt, Skipped

WHOLE = 60.0
"""Seconds that a look may take: what does not fit is left out."""
CELL = 6.0
"""Seconds of one cell at most: six that end in silence leave room for the others."""
SPACE = 10.0
"""Seconds between two originals at least; less where something is measured more often."""
Measure = Callable[[Attempt, float], Awaitable[Record | None]]
"""Measures an attempt, waiting for the rate limit until a moment (loop time). Raises Skipped."""


async def look(tries: tuple[Try, ...], measure: Measure, space: float = SPACE) -> tuple[Cell, ...]:
    """Measure the cells in their order; what the rate limit or the time leaves out is absent."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    cells: list[Cell] = []
    for one in tries:
        if not _worth(one, cells):
            continue
        attempt = replace(one.attempt, timeout=min(one.attempt.timeout, CELL))
        latest = begin + WHOLE - attempt.timeout
        await asyncio.sleep(_pause(one, cells, space) - (loop.time() - begin))
        began = loop.time()
        if began > latest:
            break
        try:
            record = await measure(attempt, latest)
        except Skipped:
            continue
        if record is not None:
            cells.append(cell_of(one.arm, attempt, record, loop.time() - begin - record.seconds))
    return tuple(cells)


def spacing(every: int) -> float:
    """Seconds between two originals of a series that is measured every so many seconds."""
    return min(SPACE, every / 4)


def _worth(one: Try, cells: list[Cell]) -> bool:
    """Without a control that answers nothing can be proved: then only the original is looked at again."""
    return one.arm is Arm.ORIGINAL or not cells or (cells[0].arm is Arm.CONTROL and answered(cells[0]))


def _pause(one: Try, cells: list[Cell], space: float) -> float:
    """Seconds in the look before which this is not to begin: originals keep their distance."""
    ended = [cell.begin + cell.seconds for cell in cells if cell.arm is Arm.ORIGINAL]
    return ended[-1] + space if ended and one.arm is Arm.ORIGINAL else 0.0


def cell_of(arm: Arm, attempt: Attempt, record: Record, begin: float) -> Cell:
    """What is kept of one attempt."""
    host, port = place_of(attempt.options)
    facts, failure = record.facts, record.failure
    return Cell(
        arm=arm,
        begin=round(max(0.0, begin), 6),
        seconds=round(record.seconds, 6),
        name=attempt.instead.name or host,
        address=_resolver(arm, facts) if attempt.series.probe == "dns" else facts.address or "",
        port=attempt.instead.port or port,
        family=attempt.series.family,
        phase=str(failure.phase) if failure else "",
        kind=str(failure.kind) if failure else "",
        alert=facts.alert,
        bytes_in=facts.bytes_in,
    )


def _resolver(arm: Arm, facts: Facts) -> str:
    """Who was asked, and how where that is what differs."""
    return f"{facts.resolver}/tcp" if arm is Arm.TRANSPORT else facts.resolver or ""


def record_of(series: Series, base: Attempt, cells: tuple[Cell, ...], began: int, seconds: float) -> Record:
    """The record of a look: its failure is that of the last original, `base` says what it looks into."""
    originals = [cell for cell in cells if cell.arm is Arm.ORIGINAL]
    last = originals[-1] if originals else None
    return Record(
        series=series,
        due=began if base.purpose is Purpose.MANUAL else base.due,
        began=began,
        seconds=round(seconds, 6),
        timings=(),
        failure=Failure(Phase(last.phase), Kind(last.kind)) if last and last.kind else None,
        facts=Facts(diagnosis=Diagnosis(finding(cells), cells)),
        purpose=base.purpose,
        of=base.of,
        agent=base.agent,
        config=base.config,
        version=base.version,
    )
