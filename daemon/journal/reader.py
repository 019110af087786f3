"""Reading a journal, running or stopped, in short transactions: rows by kind and time, cursors, saved state, sizes."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import apsw

from daemon.journal import schema
from daemon.journal.batch import HOUR
from daemon.journal.codec import CODES, HOURLY, RecordCell, decode_note, decode_record
from daemon.journal.parts import Part, part_of
from daemon.journal.rollups import beginning
from daemon.rows import KINDS, Rollup, Row
from probes.record import Series

AT_ONCE = 2_000
"""Rows a transaction of a long read holds: a snapshot that stays open keeps the write-ahead log from shrinking."""
_REMEMBERED = 50_000
"""Numbered contents kept decoded."""
_CODES_OF = {KINDS[kind]: (code,) for kind, code in CODES.items()} | {
    "record": (0,),
    "rollup": (CODES[Rollup], HOURLY),
}
_RECORDS = "SELECT seq, 0, series, body FROM records WHERE seq > ?1 AND seq <= ?2"
_NOTES = "SELECT seq, kind, at, body FROM notes WHERE seq > ?1 AND seq <= ?2"
_END = 2**62

Cell = tuple[int, int, int, bytes]
"""Row number, kind (0: record), series of a record or stamp of another row, body."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a journal on disk."""

    file: int
    log: int
    """The write-ahead log."""
    unused: int
    """Inside the file, left by deleted rows and taken first by new ones."""


class Reader:
    """A read-only view of a journal file; belongs to one thread. Methods raise apsw.Error if the file is damaged."""

    def __init__(self, path: Path) -> None:
        """Opens the file; raises JournalRefused if there is none or if it is not ours."""
        self.path = path
        self.unreadable = 0
        """Rows passed over because their bytes make no sense."""
        self._connection = schema.open_reader(path)
        self._series: dict[int, Series] = {}
        self._parts: dict[int, Part] = {}

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def last(self) -> int:
        """The highest row number ever given, 0 for an empty journal."""
        return highest(self._connection)

    def batch(self, after: int, limit: int, until: int = _END, kinds: Collection[str] | None = None) -> list[Row]:
        """At most `limit` rows numbered above `after` up to `until`, in order; fewer if some cannot be read."""
        return self._decoded(self._cells(after, limit, until, kinds))

    def next_after(self, after: int) -> int | None:
        """The number of the next row, None if there is none."""
        return cast(
            "int | None",
            self._value(
                "SELECT min(seq) FROM (SELECT min(seq) AS seq FROM records WHERE seq > ?1 "
                "UNION ALL SELECT min(seq) FROM notes WHERE seq > ?1)",
                (after,),
            ),
        )

    def rows(
        self,
        after: int = 0,
        kinds: Collection[str] | None = None,
        since: int | None = None,
        before: int | None = None,
    ) -> Iterator[Row]:
        """All rows in order, as they are asked for: of some kinds, with stamps in [since, before) microseconds."""
        first, last = self._window(since, before)
        after = max(after, first - 1)
        while True:
            cells = self._cells(after, AT_ONCE, last, kinds)
            for row in self._decoded(cells):
                if (since is None or row.at >= since) and (before is None or row.at < before):
                    yield row
            if len(cells) < AT_ONCE:
                return
            after = cells[-1][0]

    def recall(self, series: Collection[Series], since: int, until: int, see: Callable[[Row], None]) -> int:
        """Show records and gaps of some series, stamped since (about) a moment, up to a row number.

        Gives the stamp of the oldest record there is (microseconds), a moment that never comes if there is none.
        """
        first = max(0, self._window(since, None)[0] - 1)
        numbers = ", ".join(str(number) for number, one in series_in(self._connection) if one in series)
        statement = " ".join((_RECORDS, "AND series IN (", numbers, ") ORDER BY seq LIMIT ?3"))
        for gap in self.rows(first, {"gap"}):
            if gap.seq <= until:
                see(gap)
        while cells := self._connection.execute(statement, (first, until, AT_ONCE)).fetchall():
            for row in self._decoded(cast("list[Cell]", cells)):
                see(row)
            first = cast("int", cells[-1][0])
        oldest = self.batch(0, 1, kinds={"record"})
        return oldest[0].at if oldest else _END

    def newest(self, kind: str, limit: int) -> list[Row]:
        """The last `limit` rows of a kind, the newest first."""
        if kind == "record":
            found = self._connection.execute(
                "SELECT seq, 0, series, body FROM records ORDER BY seq DESC LIMIT ?", (limit,)
            )
        else:
            codes = ", ".join(map(str, _CODES_OF[kind]))
            statement = " ".join(("SELECT seq, kind, at, body FROM notes WHERE kind IN (", codes, ")"))
            found = self._connection.execute(f"{statement} ORDER BY seq DESC LIMIT ?", (limit,))
        return self._decoded(cast("list[Cell]", found.fetchall()))

    def of_series(
        self, wanted: Collection[Series], limit: int, before: int | None = None, reach: int = 1_000_000
    ) -> list[Row]:
        """The last `limit` records of some series, newest first, among the last `reach` rows with stamps to `before`.

        Records have no index by series (it would cost a third of the file): this looks through them from the end.
        """
        asked = set(wanted)
        numbers = [number for number, series in series_in(self._connection) if series in asked]
        last = min(self._window(None, before)[1], self.last())
        marks = ", ".join("?" * len(numbers))
        found = self._connection.execute(
            f"SELECT seq, 0, series, body FROM records WHERE seq <= ? AND seq > ? AND series IN ({marks}) "  # noqa: S608
            "ORDER BY seq DESC",
            (last, last - reach, *numbers),
        )
        rows: list[Row] = []
        for cell in found:  # hours are the finest index of time, so the first may be too new
            rows += (row for row in self._decoded([cast("Cell", cell)]) if before is None or row.at < before)
            if len(rows) >= limit:
                break
        return rows

    def rollups(self, series: Series, width: int, since: int, reach: int = 1_000_000) -> list[Row]:
        """The rollups of a series of a width (seconds) told since (about) a moment, in order.

        Looks only among the last `reach` rows of that width; there is no index by series, but the bytes begin with it.
        """
        number = next((number for number, one in series_in(self._connection) if one == series), None)
        if number is None:
            return []
        head = beginning(number)
        found = self._connection.execute(
            "SELECT * FROM (SELECT seq, kind, at, body FROM notes WHERE kind = ? AND seq >= ? "
            "ORDER BY seq DESC LIMIT ?) WHERE substr(body, 1, ?) = ? ORDER BY seq",
            (HOURLY if width == 3_600 else CODES[Rollup], self._window(since, None)[0], reach, len(head), head),
        )
        return self._decoded(cast("list[Cell]", found.fetchall()))

    def cursors(self) -> dict[str, int]:
        """Where each follower stands."""
        return dict(
            cast("list[tuple[str, int]]", self._connection.execute("SELECT follower, cursor FROM cursors").fetchall())
        )

    def saved(self, follower: str) -> dict[str, bytes]:
        """What a follower saved, by key."""
        found = self._connection.execute("SELECT name, value FROM saved WHERE follower = ?", (follower,)).fetchall()
        return dict(cast("list[tuple[str, bytes]]", found))

    def sizes(self) -> Sizes:
        """Bytes on disk now."""
        log = self.path.with_name(f"{self.path.name}-wal")
        unused = schema.pragma(self._connection, "freelist_count") * schema.pragma(self._connection, "page_size")
        return Sizes(self.path.stat().st_size, log.stat().st_size if log.exists() else 0, unused)

    def counts(self) -> Mapping[str, int]:
        """How many rows there are, records (a scan of the file) apart from the others."""
        one = self._value("SELECT count(*) FROM records", ())
        other = self._value("SELECT count(*) FROM notes", ())
        return {"records": cast("int", one), "others": cast("int", other)}

    def _cells(self, after: int, limit: int, until: int, kinds: Collection[str] | None) -> list[Cell]:
        if kinds is None:
            selects = [_RECORDS, _NOTES]
        else:
            selects = [
                f"{_NOTES} AND kind = {code}" if code else _RECORDS
                for code in sorted(code for kind in kinds for code in _CODES_OF[kind])
            ]
        if not selects:
            return []
        statement = " UNION ALL ".join(selects) + " ORDER BY seq LIMIT ?3"
        return cast("list[Cell]", self._connection.execute(statement, (after, until, limit)).fetchall())

    def _decoded(self, cells: list[Cell]) -> list[Row]:
        rows = []
        for cell in cells:
            try:
                rows.append(self._row(cell))
            except ValueError:
                self.unreadable += 1
        return rows

    def _row(self, cell: Cell) -> Row:
        seq, code, number, body = cell
        if code:
            return decode_note(cell, self._series_of)
        record: RecordCell = (seq, number, body)
        return decode_record(record, self._series_of, self._part_of)

    def _series_of(self, number: int) -> Series:
        series = self._series.get(number)
        if series is None:
            self._series |= dict(series_in(self._connection))
            series = self._series.get(number)
        if series is None:
            raise ValueError(f"series {number} is not in the journal")
        return series

    def _part_of(self, number: int) -> Part:
        part = self._parts.get(number)
        if part is None:
            content = self._value("SELECT content FROM facts WHERE number = ?", (number,))
            if not isinstance(content, bytes):
                raise ValueError(f"stored fact {number} is not in the journal")
            if len(self._parts) >= _REMEMBERED:
                self._parts.clear()
            part = self._parts[number] = part_of(json.loads(content))
        return part

    def _window(self, since: int | None, before: int | None) -> tuple[int, int]:
        """The row numbers between which all rows with such stamps lie."""
        if since is None and before is None:
            return 0, _END
        low = -_END if since is None else since // HOUR
        high = _END if before is None else before // HOUR
        bounds = "SELECT min(first), max(last) FROM hours WHERE hour BETWEEN ? AND ?"
        first, last = cast("tuple[int | None, int | None]", self._connection.execute(bounds, (low, high)).fetchone())
        return (0, 0) if first is None or last is None else (first, last)

    def _value(self, statement: str, bindings: tuple[int, ...]) -> object:
        found = self._connection.execute(statement, bindings).fetchone()
        return None if found is None else found[0]


def highest(connection: apsw.Connection) -> int:
    """The highest row number ever given: rows may be gone, hours and cursors remember."""
    found = connection.execute(
        "SELECT max(seq) FROM (SELECT max(seq) AS seq FROM records UNION ALL SELECT max(seq) FROM notes "
        "UNION ALL SELECT max(last) FROM hours UNION ALL SELECT max(cursor) FROM cursors "
        "UNION ALL SELECT value FROM meta WHERE name = 'highest')"
    ).fetchone()
    return cast("int", found[0] or 0) if found else 0


def series_in(connection: apsw.Connection) -> list[tuple[int, Series]]:
    """All series of a journal with their numbers."""
    found = connection.execute("SELECT number, service, role, endpoint, probe, vantage, family FROM series")
    return [
        (cast("int", number), Series(*cast("tuple[str, str, str, str, str, str]", parts))) for number, *parts in found
    ]


@contextmanager
def open_reader(path: Path) -> Iterator[Reader]:
    """A reader for a command: `with open_reader(path) as reader`. Raises JournalRefused if there is no journal."""
    reader = Reader(path)
    try:
        yield reader
    finally:
        reader.close()
