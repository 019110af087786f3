"""What waits while nothing can be written: bounded, the oldest raw rows give way, and gap rows say which."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from daemon.journal.batch import Operation
from daemon.journal.codec import CODES, NoteCell
from daemon.journal.compact import due_and_setup
from daemon.rows import Gap, Health, Heartbeat
from probes.record import Series

RAW_CODES = frozenset({CODES[Heartbeat], CODES[Health]})
"""Rows besides records that may be lost when there is no room: they speak of a moment only."""


@dataclass(slots=True)
class Lost:
    """Slots of a series whose records are gone: first and last due, and the smallest step between two of them."""

    first: int
    last: int
    step: int = 0

    def add(self, due: int) -> None:
        """One more record is gone, given in order of due time or not."""
        steps = [abs(due - edge) for edge in (self.first, self.last) if due != edge]
        self.step = min([*steps, self.step] if self.step else steps, default=0)
        self.first, self.last = min(self.first, due), max(self.last, due)


def is_raw(cell: NoteCell) -> bool:
    """Whether a row that is no record may give way."""
    return cell[1] in RAW_CODES


def count_raw(operations: Iterable[Operation]) -> int:
    """How many rows that may give way are waiting."""
    return sum(len(op.records) + sum(map(is_raw, op.notes)) for op in operations)


def give_way(operations: Iterable[Operation], rows: int, lost: dict[int, Lost]) -> int:
    """Drop the oldest raw rows that wait and note in `lost`, by series number, which; gives how many."""
    left = rows
    for op in operations:
        if left <= 0:
            break
        left -= _drop_records(op, left, lost)
        kept = [cell for cell in op.notes if not is_raw(cell)] if left > 0 else op.notes
        left -= len(op.notes) - len(kept)
        op.notes = kept
    return rows - max(left, 0)


def _drop_records(op: Operation, most: int, lost: dict[int, Lost]) -> int:
    gone, op.records = op.records[:most], op.records[most:]
    op.rows = []
    for _, series, body in gone:
        due, _ = due_and_setup(body)
        lost.setdefault(series, Lost(due, due)).add(due)
    return len(gone)


def gaps(
    lost: dict[int, Lost], reason: str, series_of: Callable[[int], Series], every_of: Callable[[Series], int | None]
) -> list[Gap]:
    """Gap rows for lost slots; the interval is the plan's, or else what the slots show, at least a second."""
    found = []
    for number, slots in lost.items():
        series = series_of(number)
        every = every_of(series) or max(slots.step // 1_000_000, 1)
        found.append(Gap(series, slots.first, slots.last, every, reason))
    return found
