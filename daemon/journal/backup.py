"""A copy of a journal while it is written to: one snapshot, taken page by page."""

import os
from collections.abc import Callable
from pathlib import Path

import apsw

_PAGES = 2_048
"""Pages a step copies before it reports (8 MB)."""

Progress = Callable[[int, int], None]
"""Called with the pages copied and the pages in all."""


def copy(source: Path, target: Path, progress: Progress = lambda _done, _total: None) -> None:
    """Write a whole and sound copy to `target`, or nothing. Raises OSError (as FileExistsError), apsw.Error."""
    if not source.exists():
        raise FileNotFoundError(f"there is no journal at {source}")
    if target.exists():
        raise FileExistsError(f"{target} exists: name another file for the copy")
    partial = target.with_name(f"{target.name}.part")
    partial.unlink(missing_ok=True)
    try:
        _copy_pages(source, partial, progress)
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def _copy_pages(source: Path, partial: Path, progress: Progress) -> None:
    reading = apsw.Connection(source.absolute().as_uri(), apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    writing = apsw.Connection(str(partial))
    try:
        reading.set_busy_timeout(5_000)
        # An open snapshot holds still for all steps; without it every commit of the daemon makes the copy begin again.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        with writing.backup("main", reading, "main") as backup:
            while not backup.done:
                backup.step(_PAGES)
                progress(backup.page_count - backup.remaining, backup.page_count)
        # One file that stands for itself, without a log beside it, and that says of itself that it was left in order.
        writing.execute("PRAGMA journal_mode = DELETE")
        if writing.pragma("user_version"):
            writing.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 1)")
    finally:
        writing.close()
        reading.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
