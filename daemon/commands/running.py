"""Orders to the daemon that writes a journal, over the local socket beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.commands.terminal import complain
from daemon.orders import NoAnswer, ask, socket_of

Reply = Mapping[str, Any]
PATIENCE = 30.0
"""Seconds for an answer; a reload reads files and asks vantages for their families."""


def ordered(journal: Path, command: str) -> Reply | int:
    """The reply to an order, or the exit code once it was said why there is none: 2 no daemon, 1 it refused."""
    try:
        reply = ask(socket_of(journal), {"command": command}, PATIENCE)
    except NoAnswer as silence:
        return complain(silence)
    if "error" not in reply:
        return reply
    return complain("\n".join((str(reply["error"]), *map(str, reply.get("faults", ())))), code=1)
