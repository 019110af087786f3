"""What the journal's tail tells a daemon that starts: the last outcomes, and the slots it missed while down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from config.plan import Assignment
from config.slots import due_of, slot_at
from daemon.rows import Gap, Row
from probes.record import Purpose, Record, Series

TAIL = 20_000
"""Rows looked at: enough for the last outcome of a thousand series at any interval that matters."""


@dataclass(frozen=True, slots=True)
class Past:
    """The end of the journal."""

    last: Mapping[Series, Record] = field(default_factory=dict)
    """The last slot record of each series."""
    covered: Mapping[Series, int] = field(default_factory=dict)
    """The last due time (microseconds) of each series that has a record or a gap."""
    diagnosed: Mapping[Series, Record] = field(default_factory=dict)
    """The last closer look at each series."""
    ended: int = 0
    """Stamp of the last row, 0 for an empty journal."""


def past(rows: Iterable[Row]) -> Past:
    """Read the tail (rows in order)."""
    last: dict[Series, Record] = {}
    covered: dict[Series, int] = {}
    diagnosed: dict[Series, Record] = {}
    ended = 0
    for row in rows:
        ended = row.at
        body = row.body
        if isinstance(body, Record) and body.purpose is Purpose.SLOT:
            last[body.series] = body
            covered[body.series] = max(covered.get(body.series, 0), body.due)
        elif isinstance(body, Record) and body.purpose is Purpose.DIAGNOSE:
            diagnosed[body.series] = body
        elif isinstance(body, Gap):
            covered[body.series] = max(covered.get(body.series, 0), body.last)
    return Past(last, covered, diagnosed, ended)


def missed(before: Past, assignments: Iterable[Assignment], now: int) -> list[Gap]:
    """Gaps for the slots between the end of the journal and now: nothing that was due passes in silence."""
    if not before.ended:
        return []
    gaps = []
    for assignment in assignments:
        every, offset = assignment.every, assignment.offset
        if assignment.series not in before.covered:
            continue
        first = slot_at(before.covered[assignment.series], every, offset) + 1
        last = slot_at(now, every, offset)
        if first <= last:
            gaps.append(
                Gap(assignment.series, due_of(first, every, offset), due_of(last, every, offset), every, "down")
            )
    return gaps
