"""What a command says when there is no journal to read."""

from pathlib import Path

from daemon.commands.terminal import complain
from daemon.journal.opening import DAMAGE, ROOM
from daemon.journal.schema import JournalRefused

UNREADABLE = (JournalRefused, *DAMAGE, *ROOM)
"""What reading a journal raises, however far it got."""


def unreadable(fault: Exception, journal: Path) -> int:
    """Say why and what to do; returns the exit code."""
    if isinstance(fault, JournalRefused):
        return complain(fault)
    if isinstance(fault, DAMAGE):
        return complain(
            f"{journal} is damaged or no journal ({fault}): if it is one, `reachd run` sets it aside and carries on"
        )
    return complain(f"{journal} cannot be read now ({fault}): look at its permissions, its folder and the disk")
