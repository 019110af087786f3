"""One writer: a lock beside the journal that names who holds it."""

import fcntl
import os
from pathlib import Path

from daemon.journal.schema import JournalRefused


def lock_path(journal: Path) -> Path:
    """The file whose lock is the right to write."""
    return journal.with_name(f"{journal.name}.lock")


class Lock:
    """The right to write a journal, held until released or until the process ends, however it ends."""

    def __init__(self, journal: Path) -> None:
        """Takes the lock. Raises JournalRefused with the holder's process id if another has it, OSError."""
        path = lock_path(journal)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise JournalRefused(
                f"{journal} is in use by another reachd (process {holder or 'unknown'}): "
                f"stop it first, or name another file for `journal`"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the right back. The file stays: to remove it would let two processes lock two files of one name."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
