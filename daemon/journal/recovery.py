"""A damaged file: set aside under a name that says so, after what can be read of it was carried over into a new one."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import apsw

from daemon.journal import schema
from daemon.journal.codec import RecordCell
from daemon.journal.compact import references
from daemon.journal.reader import highest

RECORDS = 1_000_000
"""The newest row numbers whose records are carried over (seconds of work); older ones stay in the file set aside."""
MARGIN = 10_000
"""Numbers left free after the highest that could be read: cursors must never point at a row that comes later."""
_AT_ONCE = 5_000
_FARTHEST = 1 << 40


@dataclass(frozen=True, slots=True)
class Carried:
    """What came over from a damaged journal, and where the rest is."""

    aside: Path
    records: int
    others: int
    cursors: int

    def words(self) -> str:
        """The same for people."""
        return (
            f"the journal was damaged and is set aside as {self.aside.name}; carried over: {self.others} events, "
            f"plans and other rows, {self.cursors} cursors, {self.records} newest records"
        )


def recover(path: Path, wall: int, floor: int = 0) -> Carried:
    """Replace a damaged journal that nobody has open by what can be read of it; row numbers go on above `floor`.

    A crash in the middle leaves either the damaged file in place or a finished new one that `finish` puts there.
    Raises OSError, apsw.Error (a full disk).
    """
    building = path.with_name(f"{path.name}.rebuilding")
    for leftover in _files(building):
        leftover.unlink(missing_ok=True)
    records, others, cursors = _build(path, building, floor)
    building.rename(_rebuilt(path))
    aside = finish(path, wall)
    return Carried(aside or path, records, others, cursors)


def finish(path: Path, wall: int) -> Path | None:
    """Set the damaged file aside and put the rebuilt one in its place; does nothing if none was rebuilt."""
    rebuilt = _rebuilt(path)
    if not rebuilt.exists():
        return None
    stamp = datetime.fromtimestamp(wall // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = _free_name(path.with_name(f"{path.name}.damaged-{stamp}"))
    # The log goes first: a log left behind would be taken for the new file's own.
    for old, new in reversed(list(zip(_files(path), _files(aside), strict=True))):
        if old.exists():
            old.rename(new)
    rebuilt.rename(path)
    _sync_folder(path.parent)
    return aside


def _free_name(path: Path) -> Path:
    """The path, or with a number where it is taken."""
    names = (path.with_name(f"{path.name}.{number}") for number in count(2))
    return next(name for name in chain([path], names) if not name.exists())


def _files(path: Path) -> list[Path]:
    return [path, *(path.with_name(path.name + end) for end in ("-shm", "-wal"))]


def _rebuilt(path: Path) -> Path:
    return path.with_name(f"{path.name}.rebuilt")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _build(path: Path, building: Path, floor: int) -> tuple[int, int, int]:
    """Fill a new file; gives how many records, other rows and cursors it holds."""
    new = schema.open_writer(building)
    try:
        try:
            old = schema.open_reader(path)
        except apsw.Error:
            counts, top = (0, 0, 0), 0  # not even the header can be read
        else:
            try:
                old.execute("PRAGMA writable_schema = ON")  # or SQLite reads nothing of a file that was cut short
                counts, top = _carry(old, new)
            finally:
                old.close()
        new.execute("INSERT OR REPLACE INTO meta VALUES ('highest', ?)", (max(top + MARGIN, floor),))
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        new.close()
    return counts


def _carry(old: apsw.Connection, new: apsw.Connection) -> tuple[tuple[int, int, int], int]:
    copy = _Copy(old, new)
    series = {line[0] for line in copy.table("series", 7)}
    facts = {line[0] for line in copy.table("facts", 3)}
    copy.table("hours", 3)
    others = len(copy.table("notes", 4))
    cursors = copy.both_ends("cursors", ("follower",), 2)
    copy.both_ends("saved", ("follower", "name"), 3)
    copy.both_ends("shed", ("series", "reason"), 6)
    top = _highest(new, old)
    sound = (cell for cell in _lines(old, "records", top - RECORDS) if _is_sound(cell, series, facts))
    records = copy.insert("records", 3, sound)
    return (records, others, cursors), _highest(new, old)


def _highest(*connections: apsw.Connection) -> int:
    """The highest row number that any of them knows."""
    found = [0]
    for connection in connections:
        try:
            found.append(highest(connection))
        except apsw.Error:  # a damaged table has no highest row
            continue
    return max(found)


def _is_sound(cell: RecordCell, series: set[int], facts: set[int]) -> bool:
    """Whether a record and all that it refers to came over."""
    try:
        numbers = references(cell[2])
    except (ValueError, TypeError, LookupError):
        return False
    return cell[1] in series and all(number in facts for number in numbers if number)


@dataclass(frozen=True, slots=True)
class _Copy:
    """Copies tables from a damaged file to a new one, as far as they can be read."""

    old: apsw.Connection
    new: apsw.Connection

    def table(self, name: str, columns: int) -> list[tuple[Any, ...]]:
        """A table with a numeric key; gives its lines, without their bodies."""
        keys: list[tuple[Any, ...]] = []

        def noted() -> Iterator[tuple[Any, ...]]:
            for line in _lines(self.old, name, -1):
                keys.append(line[:1])
                yield line

        self.insert(name, columns, noted())
        return keys

    def both_ends(self, name: str, key: tuple[str, ...], columns: int) -> int:
        """A small table with a key of text, from both ends up to the damage; gives how many lines came over."""
        lines: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for direction in ("ASC", "DESC"):
            order = ", ".join(f"{column} {direction}" for column in key)
            found, _ = _until_damage(self.old, " ".join(("SELECT * FROM", name, "ORDER BY", order)), ())
            lines |= {line[: len(key)]: line for line in found}
        return self.insert(name, columns, iter(lines.values()))

    def insert(self, name: str, columns: int, lines: Iterator[tuple[Any, ...]]) -> int:
        """Write lines in transactions of bounded size; gives how many."""
        statement = " ".join(("INSERT OR REPLACE INTO", name, "VALUES (", ", ".join("?" * columns), ")"))
        count = 0
        while some := list(islice(lines, _AT_ONCE)):
            with self.new:
                self.new.executemany(statement, some)
            count += len(some)
        return count


def _lines(old: apsw.Connection, table: str, after: int) -> Iterator[tuple[Any, ...]]:
    """The lines of a table with a numeric key above `after`, without those that are damaged."""
    statement = " ".join(("SELECT * FROM", table, "WHERE rowid > ? ORDER BY rowid LIMIT ?"))
    position: int | None = after
    while position is not None:
        found, damaged = _until_damage(old, statement, (position, _AT_ONCE))
        yield from found
        if not damaged and len(found) < _AT_ONCE:
            return
        if found:
            position = found[-1][0]
        if damaged:
            position = _beyond_damage(old, statement, position)


def _beyond_damage(old: apsw.Connection, statement: str, position: int) -> int | None:
    """The first number behind which lines can be read again: doubling strides, then halves back."""
    stride = 1
    while _until_damage(old, statement, (position + stride, 1))[1]:
        stride *= 2
        if stride > _FARTHEST:
            return None
    bad, good = position + stride // 2, position + stride
    while good - bad > 1:
        middle = (bad + good) // 2
        if _until_damage(old, statement, (middle, 1))[1]:
            bad = middle
        else:
            good = middle
    return good


def _until_damage(
    old: apsw.Connection, statement: str, bindings: tuple[Any, ...]
) -> tuple[list[tuple[Any, ...]], bool]:
    """What a statement gives before it fails, and whether it failed."""
    found: list[tuple[Any, ...]] = []
    try:
        found.extend(old.execute(statement, bindings))
    except apsw.Error:
        return found, True
    return found, False
