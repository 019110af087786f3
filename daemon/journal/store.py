"""The journal as the rest of the daemon sees it: append, read, commit (CONTRACT STUB, being written)."""

from collections.abc import Iterable, Mapping

from daemon.rows import Body, Row


class Journal:
    """One durable order of rows; every reader is a follower with a cursor of its own."""

    def append(self, rows: Iterable[Body]) -> "asyncio.Future[int]":
        """Queue rows for the next group commit; the future gives the last sequence number once they are on disk."""
        ...

    async def read(self, after: int, limit: int) -> list[Row]:
        """Durable rows behind `after` in order, at most `limit`; waits for nothing (empty when there is none)."""
        ...

    async def wait(self, after: int) -> None:
        """Return as soon as a durable row with a number above `after` exists."""
        ...

    async def commit(self, follower: str, cursor: int, rows: Iterable[Body], saved: Mapping[str, bytes | None] = {}) -> None:
        """In one transaction: move a follower's cursor, append what it concluded, save its state by key (None deletes)."""
        ...

    async def resume(self, follower: str) -> tuple[int, dict[str, bytes]]:
        """A follower's cursor (0 at first) and its saved state."""
        ...
