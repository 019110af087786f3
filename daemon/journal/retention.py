"""What is deleted, and when: raw rows by age and size, states by age, raw rows early when the disk runs short."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import apsw

from daemon.journal import schema
from daemon.journal.batch import HOUR
from daemon.journal.codec import CODES, RecordCell
from daemon.journal.compact import due_and_setup
from daemon.journal.ring import Lost
from daemon.rows import ClockStep, Gap, Health, Heartbeat, Rollup, State

ROWS = 1_000
"""Rows a step deletes at most: 0.12 s of the writer's time, where 100,000 took 0.9 s."""
DAY = 24 * HOUR
STATE_DAYS = 400
TELL_AFTER = DAY
"""How long deleted slots of a series are gathered before a gap row speaks of them."""
_FACTS_SLACK = 100_000
"""Rows: twice the distance at which a use of stored content is written down."""
_GIVE_BACK = 256
"""Pages given back to the disk in a step that makes room."""

_BY_AGE = (CODES[Heartbeat], CODES[Health])
_LONG = (CODES[State], CODES[Gap], CODES[ClockStep], CODES[Rollup])


@dataclass(frozen=True, slots=True)
class Retention:
    """How much raw data is kept; the defaults of the design."""

    raw_days: float = 30.0
    raw_bytes: int = 20_000_000_000
    min_free: int = 2_000_000_000
    """Bytes free on the disk below which the oldest raw records go early, all but the newest hour."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did."""

    deleted: int
    unsent: int
    """Of those, records that a follower had not taken."""
    more: bool
    """Whether there is more to delete now."""
    untold: tuple[tuple[int, str, Lost], ...]
    """Series, reason, slots: what gap rows should speak of now."""


def step(connection: apsw.Connection, path: Path, now: int, keep: Retention) -> Step:
    """Delete at most ROWS rows that are due to go, in one transaction, and say what remains. Raises apsw.Error."""
    with connection:
        reason, records = _records_to_go(connection, path, now, keep)
        unsent = _delete_records(connection, records, reason, now)
        deleted = len(records) + _delete_old_notes(connection, now, keep, ROWS - len(records))
        _sweep_facts(connection)
        untold = _untold(connection, now)
    if reason == "disk":
        connection.execute(f"PRAGMA incremental_vacuum({_GIVE_BACK})").fetchall()
    return Step(deleted, unsent, deleted >= ROWS, untold)


def _records_to_go(connection: apsw.Connection, path: Path, now: int, keep: Retention) -> tuple[str, list[RecordCell]]:
    aged = _oldest_records(connection, bound_of_age(connection, now, keep.raw_days))
    if aged:
        return "retention", aged
    if live_bytes(connection) > keep.raw_bytes:
        return "retention", _oldest_records(connection, 1 << 62)
    if free_bytes(path) < keep.min_free:
        return "disk", _oldest_records(connection, _start_of_newest_hour(connection))
    return "", []


def bound_of_age(connection: apsw.Connection, now: int, days: float) -> int:
    """The row number up to which all rows are older than so many days; 0 while that cannot be told.

    A clock that is wrong for a while must delete nothing: the journal must hold at least a day of rows (half the period
    if that is less) with stamps inside the period, and their lowest number is the bound. Rows stamped in the future go
    too, once all around them is old.
    """
    oldest, newest = (now - int(days * DAY)) // HOUR, now // HOUR
    count, first = cast(
        "tuple[int, int | None]",
        connection.execute(
            "SELECT count(*), min(first) FROM hours WHERE hour BETWEEN ? AND ?", (oldest, newest)
        ).fetchone(),
    )
    return first - 1 if first is not None and count >= min(24.0, days * 12) else 0


def live_bytes(connection: apsw.Connection) -> int:
    """Bytes of the file that hold something."""
    pages = schema.pragma(connection, "page_count") - schema.pragma(connection, "freelist_count")
    return pages * schema.pragma(connection, "page_size")


def free_bytes(path: Path) -> int:
    """Bytes free on the journal's disk for us."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize


def _start_of_newest_hour(connection: apsw.Connection) -> int:
    found = connection.execute("SELECT first FROM hours ORDER BY last DESC LIMIT 1").fetchone()
    return cast("int", found[0]) - 1 if found else 0


def _oldest_records(connection: apsw.Connection, until: int) -> list[RecordCell]:
    found = connection.execute(
        "SELECT seq, series, body FROM records WHERE seq <= ? ORDER BY seq LIMIT ?", (until, ROWS)
    )
    return cast("list[RecordCell]", found.fetchall())


def _delete_records(connection: apsw.Connection, records: list[RecordCell], reason: str, now: int) -> int:
    """Delete the oldest records, gather their slots for gap rows; gives how many a follower had not taken."""
    if not records:
        return 0
    connection.execute("DELETE FROM records WHERE seq <= ?", (records[-1][0],))
    lost: dict[int, Lost] = {}
    for _, series, body in records:
        due, _ = due_and_setup(body)
        lost.setdefault(series, Lost(due, due)).add(due)
    connection.executemany(
        "INSERT INTO shed VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET first = min(first, excluded.first), "
        "last = max(last, excluded.last), step = max(step, excluded.step)",
        [(series, reason, slots.first, slots.last, slots.step, now) for series, slots in lost.items()],
    )
    behind = connection.execute("SELECT min(cursor) FROM cursors").fetchone()
    cursor = cast("int | None", behind[0]) if behind else None
    return 0 if cursor is None else sum(cell[0] > cursor for cell in records)


def _delete_old_notes(connection: apsw.Connection, now: int, keep: Retention, room: int) -> int:
    deleted = 0
    for codes, days in ((_BY_AGE, keep.raw_days), (_LONG, STATE_DAYS)):
        bound = bound_of_age(connection, now, days)
        for code in codes if bound else ():
            connection.execute(
                "DELETE FROM notes WHERE seq IN "
                "(SELECT seq FROM notes WHERE kind = ? AND seq <= ? ORDER BY seq LIMIT ?)",
                (code, bound, max(room - deleted, 0)),
            )
            deleted += connection.changes()
    return deleted


def _sweep_facts(connection: apsw.Connection) -> None:
    """Look at some stored content, round and round, and delete what no record can refer to any more."""
    found = connection.execute("SELECT value FROM meta WHERE name = 'swept'").fetchone()
    mark = cast("int", found[0]) if found else 0
    some = connection.execute(
        "SELECT number FROM facts WHERE number > ? ORDER BY number LIMIT ?", (mark, ROWS)
    ).fetchall()
    end = cast("int", some[-1][0]) if some else 0
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('swept', ?)", (end if len(some) == ROWS else 0,))
    # The highest number always stays, so that none is given twice.
    connection.execute(
        "DELETE FROM facts WHERE number > ? AND number <= ? AND used < (SELECT min(seq) FROM records) - ? "
        "AND number < (SELECT max(number) FROM facts)",
        (mark, end, _FACTS_SLACK),
    )


def _untold(connection: apsw.Connection, now: int) -> tuple[tuple[int, str, Lost], ...]:
    found = connection.execute(
        "SELECT series, reason, first, last, step FROM shed WHERE since <= ? LIMIT ?", (now - TELL_AFTER, ROWS)
    ).fetchall()
    lines = cast("list[tuple[int, str, int, int, int]]", found)
    return tuple((series, reason, Lost(first, last, step)) for series, reason, first, last, step in lines)
