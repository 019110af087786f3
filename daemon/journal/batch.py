"""What one transaction of the journal holds, and how it is written."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import apsw

from daemon.journal.codec import NoteCell, RecordCell
from daemon.journal.intern import Fresh
from daemon.journal.parts import to_text
from daemon.rows import Row
from probes.record import series_parts

HOUR = 3_600_000_000
"""Microseconds in an hour, the grain of the index of time."""


@dataclass(frozen=True, slots=True)
class Move:
    """A follower's new cursor and the state it saves with it (None deletes a key)."""

    follower: str
    cursor: int
    saved: Mapping[str, bytes | None]


@dataclass(slots=True)
class Operation:
    """The effect of one call of append or commit, whole or not at all."""

    at: int
    """The journal's stamp of all its rows, microseconds."""
    first: int
    last: int
    """The numbers of its first and last row (`first - 1` if it has none); the last is what its future gives."""
    future: "asyncio.Future[int]"
    records: list[RecordCell] = field(default_factory=list)
    notes: list[NoteCell] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    """The same rows for followers; empty once memory is short."""
    fresh: Fresh | None = None
    move: Move | None = None
    told: Sequence[tuple[int, str]] = ()
    """(series, reason) of shed slots that its gap rows speak of."""

    def add(self, row: Row, cell: RecordCell | NoteCell) -> None:
        """One more row, decoded and encoded."""
        self.rows.append(row)
        if len(cell) == 3:
            self.records.append(cell)
        else:
            self.notes.append(cell)

    def size(self) -> int:
        """How many rows it writes."""
        return len(self.records) + len(self.notes)


def write(connection: apsw.Connection, operations: Sequence[Operation]) -> None:
    """Make operations durable in one transaction. Raises apsw.Error, and then nothing of them is on disk."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        write_fresh(connection, [op.fresh for op in operations if op.fresh is not None])
        _write_rows(connection, operations)
        _write_moves(connection, operations)
        connection.execute("COMMIT")
    finally:
        # A full disk may have rolled back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def write_fresh(connection: apsw.Connection, fresh: Sequence[Fresh]) -> None:
    """Write content under its numbers, within the caller's transaction."""
    if not fresh:
        return
    # OR REPLACE everywhere: a commit whose fsync failed may be on disk all the same and is then written a second time.
    connection.executemany(
        "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(number, *series_parts(series)) for one in fresh for number, series in one.series],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)",
        [(number, seq, to_text(key)) for one in fresh for number, seq, key in one.facts],
    )


def write_cells(connection: apsw.Connection, records: Iterable[RecordCell], notes: Iterable[NoteCell]) -> None:
    """Write encoded rows, within the caller's transaction."""
    connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", records)
    connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?)", notes)


def _write_rows(connection: apsw.Connection, operations: Sequence[Operation]) -> None:
    write_cells(
        connection,
        chain.from_iterable(op.records for op in operations),
        chain.from_iterable(op.notes for op in operations),
    )
    connection.executemany(
        "INSERT INTO hours VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
        [(hour, first, last) for hour, (first, last) in _hours(operations).items()],
    )


def _hours(operations: Iterable[Operation]) -> dict[int, tuple[int, int]]:
    """First and last row number by hour of the stamp."""
    found: dict[int, tuple[int, int]] = {}
    for op in operations:
        if op.size():
            first, last = found.get(op.at // HOUR, (op.first, op.last))
            found[op.at // HOUR] = min(first, op.first), max(last, op.last)
    return found


def _write_moves(connection: apsw.Connection, operations: Iterable[Operation]) -> None:
    for op in operations:
        if op.told:
            connection.executemany("DELETE FROM shed WHERE series = ? AND reason = ?", op.told)
        if op.move is None:
            continue
        move = op.move
        connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (move.follower, move.cursor))
        kept = [(move.follower, name, value) for name, value in move.saved.items() if value is not None]
        gone = [(move.follower, name) for name, value in move.saved.items() if value is None]
        connection.executemany("INSERT OR REPLACE INTO saved VALUES (?, ?, ?)", kept)
        connection.executemany("DELETE FROM saved WHERE follower = ? AND name = ?", gone)
