"""The last day of one service at one vantage in cells of a quarter of an hour: the worst that was told in each."""

from dataclasses import dataclass, field
from itertools import groupby

from daemon.moments import SECOND

CELL = 900 * SECOND
CELLS = 96
"""A day."""
NOTHING, OK, UNKNOWN, DEGRADED, BLOCKED = range(5)
"""In the order of weight: the greatest that was told in a cell stays."""
OF_STATE = (OK, DEGRADED, BLOCKED, UNKNOWN)
"""From the code of a state row."""
WORDS = ("no data", "ok", "unknown", "degraded", "down")


@dataclass(slots=True)
class Strip:
    """Cells by their number (moment // CELL); one that is older than a day gives its place to a new one."""

    cells: bytearray = field(default_factory=lambda: bytearray(CELLS))
    last: int = 0
    """Number of the newest cell."""

    def mark(self, moment: int, level: int) -> None:
        """Something was told at a moment."""
        number = moment // CELL
        self._reach(number)
        if number > self.last - CELLS:
            place = number % CELLS
            self.cells[place] = max(self.cells[place], level)

    def _reach(self, number: int) -> None:
        for passed in range(max(self.last + 1, number - CELLS + 1), number + 1):
            self.cells[passed % CELLS] = NOTHING
        self.last = max(self.last, number)

    def day(self, now: int) -> list[int]:
        """The levels of the day that ends with the cell of `now`, oldest first."""
        end = now // CELL
        return [
            self.cells[number % CELLS] if self.last - CELLS < number <= self.last else NOTHING
            for number in range(end - CELLS + 1, end + 1)
        ]


def runs(levels: list[int]) -> list[tuple[int, int, int]]:
    """Neighbours of the same level together: (level, first cell, how many)."""
    found, place = [], 0
    for level, members in groupby(levels):
        length = len(list(members))
        found.append((level, place, length))
        place += length
    return found


def worst(strips: list[list[int]]) -> list[int]:
    """One day of several: the greatest of each cell."""
    return [max(levels) for levels in zip(*strips, strict=True)] if strips else [NOTHING] * CELLS
