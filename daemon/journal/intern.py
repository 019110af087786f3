"""Numbers for what repeats: stored once, referred to by rows; what never repeats stays in its row."""

from collections.abc import Iterable
from dataclasses import dataclass

from probes.record import Series

Key = tuple[object, ...]

TOUCH = 50_000
"""A number used again after so many rows is marked as in use; content unused for longer than that may be deleted."""
KNOWN = 16_000
"""Contents kept in memory for encoding; beyond it the longest unused half is forgotten, and numbered anew."""
ONCE = 4_096
"""Contents seen a single time lately: a second sight within so many others gives them a number."""


@dataclass(slots=True)
class Entry:
    """The number of a content and the row number at which its use was last written down."""

    number: int
    touched: int


@dataclass(slots=True)
class Fresh:
    """What a transaction must write before the rows that refer to it."""

    series: list[tuple[int, Series]]
    facts: list[tuple[int, int, Key]]
    """Number, row number of the use, content."""


class Interner:
    """The encoder's side: content to number. Belongs to one thread, the one that encodes."""

    def __init__(self) -> None:
        """Nothing known yet; `learn_facts` and `learn_series` fill it from the file."""
        self._series: dict[Series, int] = {}
        self._known: dict[Key, Entry] = {}
        self._once: dict[Key, None] = {}
        self._next = 1
        self._next_series = 1
        self._fresh = Fresh([], [])

    def learn_series(self, known: Iterable[tuple[int, Series]]) -> None:
        """Take over the numbers that the file has given to series."""
        for number, series in known:
            self._series[series] = number
            self._next_series = max(self._next_series, number + 1)

    def learn_facts(self, known: Iterable[tuple[int, int, Key]], highest: int) -> None:
        """Take over numbers that the file has given to content; `highest` is the largest it ever gave."""
        for number, touched, key in known:
            self._known[key] = Entry(number, touched)
        self._next = max(self._next, highest + 1)

    def everything(self) -> Fresh:
        """All that is known, to be written into a new file under the same numbers."""
        facts = [(entry.number, entry.touched, key) for key, entry in self._known.items()]
        return Fresh([(number, series) for series, number in self._series.items()], facts)

    def series(self, series: Series) -> int:
        """The number of a series, given at first sight and for ever."""
        number = self._series.get(series)
        if number is None:
            number = self._series[series] = self._next_series
            self._next_series += 1
            self._fresh.series.append((number, series))
        return number

    def series_by_number(self) -> dict[int, Series]:
        """Every series that has a number."""
        return {number: series for series, number in self._series.items()}

    def number(self, key: Key, seq: int) -> int:
        """The number of content that row `seq` refers to, given at first sight."""
        entry = self._known.get(key)
        if entry is None:
            return self._enter(key, seq)
        if seq - entry.touched > TOUCH:
            entry.touched = seq
            self._fresh.facts.append((entry.number, seq, key))  # whole: it may have been deleted in the meantime
        return entry.number

    def number_if_repeated(self, key: Key, seq: int) -> int:
        """The same for content that may be unique: 0 at first sight, then the row carries the content itself."""
        if key in self._known:
            return self.number(key, seq)
        if key in self._once:
            del self._once[key]
            return self._enter(key, seq)
        if len(self._once) >= ONCE:
            del self._once[next(iter(self._once))]
        self._once[key] = None
        return 0

    def take_fresh(self) -> Fresh | None:
        """What has been numbered or used again since the last call, None if nothing."""
        fresh = self._fresh
        if not (fresh.series or fresh.facts):
            return None
        self._fresh = Fresh([], [])
        return fresh

    def _enter(self, key: Key, seq: int) -> int:
        if len(self._known) >= KNOWN:
            newest = sorted(self._known.items(), key=lambda item: item[1].touched)[KNOWN // 2 :]
            self._known = dict(newest)
        number = self._next
        self._next += 1
        self._known[key] = Entry(number, seq)
        self._fresh.facts.append((number, seq, key))
        return number
