"""The file: its tables, its version, how it is opened for writing and for reading."""

from contextlib import ExitStack, suppress
from pathlib import Path

import apsw

from daemon.journal.backup import copy

APPLICATION = 0x72_65_61_63
"""`reac` in the header of the file: it is a journal of ours and no other program's database."""
VERSION = 1
"""The schema this program writes. A change of the tables or of the bytes of a row adds one, and a step to UPGRADES."""

UPGRADES: dict[int, str] = {}
"""Statements that lead from a version to the next."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE series (
    number INTEGER PRIMARY KEY, service TEXT, role TEXT, endpoint TEXT, probe TEXT, vantage TEXT, family TEXT
);
CREATE TABLE facts (number INTEGER PRIMARY KEY, used INTEGER, content BLOB);
CREATE TABLE records (seq INTEGER PRIMARY KEY, series INTEGER, body BLOB);
CREATE TABLE notes (seq INTEGER PRIMARY KEY, kind INTEGER, at INTEGER, body BLOB);
CREATE INDEX notes_kind ON notes (kind);
CREATE TABLE hours (hour INTEGER PRIMARY KEY, first INTEGER, last INTEGER);
CREATE TABLE cursors (follower TEXT PRIMARY KEY, cursor INTEGER) WITHOUT ROWID;
CREATE TABLE saved (follower TEXT, name TEXT, value BLOB, PRIMARY KEY (follower, name)) WITHOUT ROWID;
CREATE TABLE shed (
    series INTEGER, reason TEXT, first INTEGER, last INTEGER, step INTEGER, since INTEGER, PRIMARY KEY (series, reason)
) WITHOUT ROWID;
"""
# hours: for each hour of stamps the first and last row number, an index of time that costs a row an hour.
# shed: slots whose records retention deleted, until a gap row speaks of them.

WAL_LIMIT = 64_000_000
"""Bytes to which the write-ahead log is cut back after a long read made it grow."""
CHECKPOINT_PAGES = 2_000
"""Pages in the write-ahead log from which they are moved into the file."""


class JournalRefused(Exception):  # noqa: N818  what a user reads
    """The journal must not be opened; the message says why and what to do."""


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes; makes the file if there is none. Raises JournalRefused, OSError, apsw.Error."""
    with suppress(FileExistsError):  # what was measured from a line is for its owner to show; SQLite keeps the mode
        path.touch(mode=0o600, exist_ok=False)
    connection = apsw.Connection(str(path))
    with ExitStack() as undo:
        undo.callback(connection.close)
        connection.set_busy_timeout(1_000)  # nobody else may write; a stop must not wait for whoever does
        _settle(connection, path)
        undo.pop_all()
    return connection


def _settle(connection: apsw.Connection, path: Path) -> None:
    """Bring a connection, and a new or older file, into shape."""
    if not pragma(connection, "schema_version"):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # must stand before the first table
    elif pragma(connection, "application_id") != APPLICATION:
        raise JournalRefused(f"{path} is the database of another program: name another file for `journal`")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if not pragma(connection, "schema_version"):
        _create(connection)
    upgrade(connection, path)


def _create(connection: apsw.Connection) -> None:
    with connection:
        connection.execute(TABLES)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def upgrade(connection: apsw.Connection, path: Path) -> None:
    """Lead an older file to this version, after a backup beside it. Raises JournalRefused for a newer one."""
    found = pragma(connection, "user_version")
    if found > VERSION:
        raise JournalRefused(
            f"{path} was written by a newer reachd (schema {found}, this one knows {VERSION}): "
            f"install that version again, or name another file for `journal`"
        )
    if found == VERSION:
        return
    with suppress(FileExistsError):  # from an upgrade that was interrupted: it is of the same old file
        copy(path, path.with_name(f"{path.name}.schema{found}.backup"))
    with connection:
        for version in range(found, VERSION):
            connection.execute(UPGRADES[version])
        connection.execute(f"PRAGMA user_version = {VERSION}")


def open_reader(path: Path) -> apsw.Connection:
    """A connection that cannot write. Raises JournalRefused if there is no journal, apsw.Error if it cannot be read."""
    if not path.exists():
        raise JournalRefused(f"there is no journal at {path}: has `reachd run` been started with this configuration?")
    connection = apsw.Connection(f"{path.absolute().as_uri()}", apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(5_000)
    return connection


def pragma(connection: apsw.Connection, name: str) -> int:
    """The value of a numeric pragma."""
    value = connection.pragma(name)
    return value if isinstance(value, int) else 0
