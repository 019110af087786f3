"""How a journal is opened: a quick look, the rescue of a damaged file, and what the first row must know."""

import json
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import apsw

from daemon.journal import recovery, schema
from daemon.journal.codec import CODES, decode_note
from daemon.journal.intern import Interner
from daemon.journal.parts import key_of
from daemon.journal.reader import highest, series_in
from daemon.rows import PlanRow
from probes.clock import Clock
from probes.record import Series

DAMAGE = (apsw.CorruptError, apsw.NotADBError)
"""What SQLite raises when the bytes of a file are not what it wrote."""
ROOM = (apsw.FullError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.BusyError)
"""What it raises when the file is sound but cannot be written now."""

_LEARN = 8_000
"""Newest stored facts that are known from the start; older ones get a new number when they are seen again."""
_LOOK_STEPS = 100
"""Steps of SQLite (pages, while it checks) between two looks at the clock."""
_LOOK_SECONDS = 1.0
"""How long the quick look may take; what it leaves is left to the thorough check in the background."""


@dataclass(slots=True)
class Opened:
    """An open journal and what it knew."""

    connection: apsw.Connection
    highest: int
    """The highest row number given so far."""
    last: int
    """The number of the newest row that is there."""
    interner: Interner
    every: dict[Series, int]
    """The plan's intervals, seconds."""
    clean: bool
    """Whether it was closed in order the last time."""
    carried: recovery.Carried | None
    """Set if the file was damaged."""


def open_journal(path: Path, clock: Clock) -> Opened:
    """Open, or make, the journal whose lock the caller holds. Raises JournalRefused, OSError, apsw.Error."""
    recovery.finish(path, clock.wall())
    try:
        with ExitStack() as undo:
            connection = schema.open_writer(path)
            undo.callback(connection.close)
            opened = _look(connection, clock)
            undo.pop_all()
    except DAMAGE as fault:
        _refuse_foreign(path, fault)
        carried = recovery.recover(path, clock.wall())
        opened = _look(schema.open_writer(path), clock)
        opened.carried = carried
    except ROOM as fault:
        raise schema.JournalRefused(
            f"{path} cannot be opened for writing ({fault}): is the disk full, or do its files belong to another user?"
        ) from fault
    return opened


def _refuse_foreign(path: Path, fault: Exception) -> None:
    """A file that never was a database is more likely a slip in the configuration than damage."""
    with path.open("rb") as file:
        start = file.read(16)
    if isinstance(fault, apsw.NotADBError) and start.isascii() and not start.startswith(b"SQLite format 3"):
        raise schema.JournalRefused(f"{path} is no journal: name another file for `journal`") from fault


def _look(connection: apsw.Connection, clock: Clock) -> Opened:
    """The quick look: reads what the daemon needs anyway, and more of the file if it was not closed in order."""
    clean = _value(connection, "SELECT value FROM meta WHERE name = 'clean'") in {None, 1}
    if not clean:
        _check_quickly(connection, clock)
    interner = Interner()
    interner.learn_series(series_in(connection))
    _learn_facts(connection, interner)
    opened = Opened(connection, highest(connection), _last(connection), interner, _intervals(connection), clean, None)
    with suppress(*ROOM):  # a full disk: the first batch will say so, and keep trying
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 0)")
    return opened


def _last(connection: apsw.Connection) -> int:
    newest = "SELECT max(seq) FROM (SELECT max(seq) AS seq FROM records UNION ALL SELECT max(seq) FROM notes)"
    return cast("int", _value(connection, newest) or 0)


def _learn_facts(connection: apsw.Connection, interner: Interner) -> None:
    top = cast("int", _value(connection, "SELECT max(number) FROM facts") or 0)
    found = connection.execute("SELECT number, used, content FROM facts ORDER BY number DESC LIMIT ?", (_LEARN,))
    known = []
    for number, used, content in cast("list[tuple[int, int, bytes]]", found.fetchall()):
        try:
            known.append((number, used, key_of(json.loads(content))))
        except (ValueError, LookupError, TypeError):  # a damaged one merely gets a new number
            continue
    interner.learn_facts(known, top)


def _intervals(connection: apsw.Connection) -> dict[Series, int]:
    found = connection.execute(
        "SELECT seq, kind, at, body FROM notes WHERE kind = ? ORDER BY seq DESC LIMIT 1", (CODES[PlanRow],)
    ).fetchone()
    if found is None:
        return {}
    try:
        row = decode_note(cast("tuple[int, int, int, bytes]", found))
    except ValueError:
        return {}
    return intervals(row.body) if isinstance(row.body, PlanRow) else {}


def intervals(plan: PlanRow) -> dict[Series, int]:
    """Seconds between two slots of each series of a plan."""
    return {planned.series: planned.every for planned in plan.assignments}


def _check_quickly(connection: apsw.Connection, clock: Clock) -> None:
    """A structure check within a second. Raises CorruptError if it found damage."""
    until = clock.monotonic() + _LOOK_SECONDS
    connection.set_progress_handler(lambda: clock.monotonic() > until, _LOOK_STEPS)
    try:
        verdict = _value(connection, "PRAGMA quick_check(1)")
    except apsw.InterruptError:
        return
    finally:
        connection.set_progress_handler(None)
    if verdict != "ok":
        raise apsw.CorruptError(str(verdict))


def _value(connection: apsw.Connection, statement: str) -> object:
    found = connection.execute(statement).fetchone()
    return None if found is None else found[0]


def close_connection(connection: apsw.Connection) -> None:
    """Close in order: the log is moved into the file, and the file says so."""
    # What fails here is found at the next start as not closed in order, which is true then.
    with suppress(*ROOM, *DAMAGE, apsw.ConnectionClosedError):
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 1)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
