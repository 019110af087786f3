"""The thorough check of a journal that was not closed in order: in the background, at low priority, table by table."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import apsw

from daemon.journal import schema
from daemon.journal.opening import DAMAGE

_NICE = 10


class Check:
    """One reading of the whole file, on a thread of the caller's choice; another thread may stop it."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path
        self._connection: apsw.Connection | None = None
        self._stopped = False

    def run(self) -> str | None:
        """The first damage found, None if the file is sound or the check was stopped."""
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # of this thread alone, on Linux
        try:
            self._connection = schema.open_reader(self._path)
            return self._tables(self._connection)
        except apsw.InterruptError:
            return None
        except DAMAGE as fault:
            return str(fault)
        finally:
            if self._connection is not None:
                self._connection.close()

    def stop(self) -> None:
        """End a run under way soon."""
        self._stopped = True
        if self._connection is not None:
            with suppress(apsw.ConnectionClosedError):
                self._connection.interrupt()

    def _tables(self, connection: apsw.Connection) -> str | None:
        # One table a transaction: a snapshot that stays open keeps the write-ahead log from shrinking.
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            if self._stopped:
                return None
            verdict = connection.execute(f"PRAGMA integrity_check({table})").fetchone()
            if verdict is not None and verdict[0] != "ok":
                return f"table {table}: {verdict[0]}"
        return None
