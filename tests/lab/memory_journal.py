"""A journal in memory with the real one's five calls, for tests of followers that need no disk."""

import asyncio
from collections.abc import Iterable, Mapping

from daemon.rows import Body, Row


class MemoryJournal:
    """Rows are durable at once; every cursor move is kept in `moves`, and `refuse` commits fail first."""

    def __init__(self, at: int = 1_770_000_000_000_000) -> None:
        self.at = at
        self.rows: list[Row] = []
        self.cursors: dict[str, int] = {}
        self.saved: dict[str, dict[str, bytes]] = {}
        self.moves: list[int] = []
        self.refuse = 0
        self._news = asyncio.Event()

    def append(self, rows: Iterable[Body]) -> "asyncio.Future[int]":
        for body in rows:
            self.rows.append(Row(len(self.rows) + 1, self.at, body))
        self._news.set()
        self._news = asyncio.Event()
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        done.set_result(len(self.rows))
        return done

    async def read(self, after: int, limit: int) -> list[Row]:
        return self.rows[after : after + limit]

    async def wait(self, after: int) -> None:
        while len(self.rows) <= after:
            await self._news.wait()

    async def commit(self, follower: str, cursor: int, rows: Iterable[Body], saved: Mapping[str, bytes | None]) -> None:
        if self.refuse > 0:
            self.refuse -= 1
            raise OSError("disk full")
        self.cursors[follower] = cursor
        self.moves.append(cursor)
        kept = self.saved.setdefault(follower, {})
        for key, value in saved.items():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = value
        if bodies := list(rows):
            self.append(bodies)

    async def resume(self, follower: str) -> tuple[int, dict[str, bytes]]:
        return self.cursors.get(follower, 0), dict(self.saved.get(follower, {}))
