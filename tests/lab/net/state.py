"""What holds in the lab's world now, the certificates that it shows, and what happened since the last change."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.lab.net.papers import load, paper

Change = dict[str, Any]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@dataclass(slots=True)
class World:
    """What holds now, the certificates, and who connected when."""

    authority: Path
    now: Change = field(default_factory=dict)
    contexts: dict[tuple[str, str], ssl.SSLContext] = field(default_factory=dict)
    calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    told: list[list[str]] = field(default_factory=list)
    """What happened since the last change: `question` resolver name client, `connection` server address client."""

    def says(self, key: str, name: str) -> Any:
        """What holds for a name, exactly or by a glob."""
        told = self.now.get(key, {})
        if isinstance(told, list):
            return any(fnmatchcase(name, glob) for glob in told)
        return next((told[glob] for glob in told if fnmatchcase(name, glob)), None)

    def context(self, name: str) -> ssl.SSLContext:
        """A server's context for a name, with the certificate that it shows now."""
        kind = self.says("certificate", name) or "good"
        if (name, kind) not in self.contexts:
            self.contexts[name, kind] = paper(load(self.authority), name, kind)
        return self.contexts[name, kind]

    def too_often(self, name: str, client: str) -> bool:
        """Whether a client is beyond the rate of a name."""
        most = self.says("rate", name)
        calls = self.calls.setdefault((name, client), deque())
        calls.append(time.monotonic())
        while calls[0] < calls[-1] - 10.0:
            calls.popleft()
        return most is not None and len(calls) > most


def client_of(writer: asyncio.StreamWriter) -> str:
    """The address of who connected."""
    client: str = writer.get_extra_info("peername")[0]
    return client


def guarded(serve: Serve) -> Serve:
    """A client that goes away, or is cut off, is no fault of the world."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return accept
