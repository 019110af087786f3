"""What the pages are made from: the journal, the latest in memory, and the daemon's own word."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from daemon.journal.reader import Reader, open_reader
from daemon.web.live import Live
from probes.clock import Clock

T = TypeVar("T")


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Sight:
    """What a request can look at."""

    journal: Path
    clock: Clock
    live: Live
    status: Callable[[], Mapping[str, Any]] = _nothing
    """The daemon's own answer to `reachd status`."""
    titles: Callable[[], Mapping[str, str]] = dict
    """Service to the name that people know it by."""
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "web-reader"))

    async def read(self, look: Callable[[Reader], T]) -> T:
        """Look into the journal in a thread of its own, for a moment."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self._look, look)

    def _look(self, look: Callable[[Reader], T]) -> T:
        with open_reader(self.journal) as reader:
            return look(reader)


SIGHT: web.AppKey[Sight] = web.AppKey("sight", Sight)
