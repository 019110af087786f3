"""The loop that feeds one follower from the journal, retries it with back-off, and never stops another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from daemon.rows import Body, Row


@dataclass(frozen=True, slots=True)
class Taken:
    """What a follower made of a batch: rows to append and state to save, committed together with its cursor."""

    rows: tuple[Body, ...] = ()
    saved: Mapping[str, bytes | None] = field(default_factory=dict)


class Hold(Exception):  # noqa: N818  no fault of the follower
    """The destination cannot take rows now: keep the cursor, try again after so many seconds."""

    def __init__(self, seconds: float, reason: str) -> None:
        """`reason` is shown in status and in the log, once."""
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class Follower(Protocol):
    """Anything that reads the journal in order with its own durable cursor."""

    name: str
    batch: int
    """At most so many rows at once."""

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up the state saved with the cursor."""
        ...

    async def take(self, rows: list[Row]) -> Taken:
        """Consume rows in order; raise Hold to be asked again with the same rows."""
        ...
