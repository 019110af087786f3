"""Waiting for what a test expects, with a deadline instead of a guess."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return as soon as the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  the condition is anything a test can see, not an event of its own
            await asyncio.sleep(0.002)
