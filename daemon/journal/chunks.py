"""Rows read back from disk for followers that lag: decoded once, whoever of them comes by."""

from bisect import bisect_right
from collections import OrderedDict
from operator import attrgetter
from pathlib import Path

from daemon.journal.reader import Reader
from daemon.rows import Row

SPAN = 512
"""Row numbers a chunk covers."""
KEPT = 8
"""Chunks kept decoded, a few megabytes."""

_seq = attrgetter("seq")


class Chunks:
    """A small cache of decoded rows over a reader; belongs to one thread."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet."""
        self._path = path
        self._reader: Reader | None = None
        self._unreadable = 0
        self._kept: OrderedDict[int, list[Row]] = OrderedDict()

    @property
    def reader(self) -> Reader:
        """The reader underneath, opened at first use."""
        if self._reader is None:
            self._reader = Reader(self._path)
        return self._reader

    @property
    def unreadable(self) -> int:
        """Rows of the file that were passed over because their bytes make no sense."""
        return self._unreadable + (0 if self._reader is None else self._reader.unreadable)

    def close(self) -> None:
        """Give the file back and forget what was read; the next use opens it anew."""
        self._kept.clear()
        if self._reader is not None:
            self._unreadable += self._reader.unreadable
            self._reader.close()
            self._reader = None

    def read(self, after: int, limit: int, last: int) -> list[Row]:
        """At most `limit` rows numbered above `after` up to `last`, all of which must be durable."""
        found: list[Row] = []
        while len(found) < limit and after < last:
            chunk = self._chunk(after // SPAN, last)
            beyond = chunk[bisect_right(chunk, after, key=_seq) :]
            found += beyond[: limit - len(found)]
            after = (after // SPAN + 1) * SPAN
            if not beyond:
                # Retention leaves long stretches of numbers without a row: step over them at once.
                following = self.reader.next_after(after)
                after = last if following is None else max(after, following - 1)
        return found

    def _chunk(self, number: int, last: int) -> list[Row]:
        """The rows of a chunk: the numbers SPAN * number + 1 to SPAN * (number + 1)."""
        chunk = self._kept.get(number)
        if chunk is not None:
            self._kept.move_to_end(number)
            return chunk
        end = (number + 1) * SPAN
        chunk = self.reader.batch(number * SPAN, SPAN, min(end, last))
        if end <= last:
            self._kept[number] = chunk
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return chunk
