"""A journal filled with a story, and the page of it as a client on loopback sees it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from daemon.detect.step import Detection, step
from daemon.follower import follow
from daemon.journal.store import Journal
from daemon.ledger import Ledger
from daemon.ledger import step as ledger_step
from daemon.rows import Row
from daemon.web.guard import Keys
from daemon.web.live import Live
from daemon.web.server import make_app
from daemon.web.sight import Sight
from tests.lab.hand_clock import HandClock
from tests.lab.story import START, block, february
from tests.lab.waiting import until

KEYS = Keys("127.0.0.1")
TITLES = {"whatsapp": "WhatsApp", "max": "MAX", "controls": "Controls"}
BEGAN, LASTS = 1_800.0, 5_400.0
"""Seconds of the story: when the block begins, and how long is told."""


def told(until: float = LASTS, ended: float = 1e9) -> list[Row]:
    """February 2026 with all that detection concludes from it, in the order of stamps."""
    return concluded(block(february(), "ru1 ru2", BEGAN, ended).rows(until))


def concluded(rows: Iterable[Row]) -> list[Row]:
    """Rows with what detection says of each behind it."""
    state, found = Detection(), []
    for row in rows:
        found += [row, *(Row(0, row.at, body) for body in step(state, row))]
    return found


def rolled(rows: Iterable[Row]) -> list[Row]:
    """Rows with the rollups of the windows that are over behind them."""
    ledger, found = Ledger(), []
    for number, row in enumerate(rows, 1):
        found += [row, *(Row(0, row.at, body) for body in ledger_step(ledger, replace(row, seq=number)))]
    return found


async def fill(journal: Journal, clock: HandClock, rows: Iterable[Row]) -> None:
    """Append rows at the moments of their stamps, and wait until they are on disk."""
    last = None
    for row in rows:
        clock.now = row.at
        last = journal.append([row.body])
    if last is not None:
        await last


@dataclass(slots=True)
class Page:
    """A page over a journal."""

    client: TestClient
    journal: Journal
    live: Live
    clock: HandClock

    async def text(self, path: str, status: int = 200, **headers: str) -> str:
        """What a path answers."""
        async with self.client.get(path, headers=headers, allow_redirects=False) as answer:
            text = await answer.text()
            assert answer.status == status, (answer.status, text[:500])
            return text

    async def json(self, path: str, status: int = 200) -> Any:
        """What the API answers."""
        return json.loads(await self.text(path, status))

    async def seen(self) -> None:
        """Wait until the page knows what the journal holds."""
        await until(lambda: self.live.ready and self.live.seen >= self.journal.last)


@asynccontextmanager
async def paged(
    folder: Path, rows: Iterable[Row] = (), keys: Keys = KEYS, port: int | None = None
) -> AsyncIterator[Page]:
    """A journal with these rows and its page, served on loopback."""
    clock = HandClock(START)
    async with await Journal.open(folder / "journal.db", clock) as journal, asyncio.TaskGroup() as group:
        await fill(journal, clock, rows)
        live = Live(journal.path, clock.wall)
        task = group.create_task(follow(journal, live, clock))
        sight = Sight(
            journal.path,
            clock,
            live,
            lambda: STATUS | {"journal": {"condition": journal.condition, "last": journal.last}},
            lambda: TITLES,
        )
        app = make_app(sight, keys)
        async with TestClient(TestServer(app, port=port)) as client:
            page = Page(client, journal, live, clock)
            await page.seen()
            yield page
        task.cancel()


STATUS: dict[str, Any] = {
    "state": "running",
    "config": "c0ffee",
    "series": 24,
    "uptime": 5_400.0,
    "counts": {"ok": 1_900, "failed": 260},
    "followers": {
        "detect": {"behind": 0, "lag": 0.0, "failures": 0, "error": "", "holding": "", "alarm": False},
        "influx": {
            "behind": 1_234,
            "lag": 61.0,
            "failures": 0,
            "error": "",
            "holding": "http://127.0.0.1:8086: connection refused",
            "alarm": True,
        },
    },
    "figures": {
        "loop_lag_ms": 0.4,
        "journal_bytes": 123_456.0,
        "influx_backlog_rows": 1_234.0,
        "influx_quarantined_points": 7.0,
    },
}
"""What a daemon says of itself, its store away."""
