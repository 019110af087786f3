"""A place for a journal, a clock moved by hand, and journals that close themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from daemon.journal.store import Journal
from tests.lab.hand_clock import HandClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def opened(path: Path, clock: HandClock) -> AsyncIterator[Callable[..., Awaitable[Journal]]]:
    """`await opened()` opens the journal of this test; it is closed at the end if the test did not."""
    async with AsyncExitStack() as stack:

        async def open_(**options: Any) -> Journal:
            return await stack.enter_async_context(await Journal.open(path, clock, **options))

        yield open_


@pytest.fixture
async def journal(opened: Callable[..., Awaitable[Journal]]) -> Journal:
    return await opened()


PAGE = 4096


@pytest.fixture
def scribble() -> Callable[..., None]:
    """Writes noise over pages of a file: `scribble(path, first, last)`, or a fifth of it in the middle."""

    def scribble_(path: Path, first: int | None = None, last: int | None = None) -> None:
        pages = path.stat().st_size // PAGE
        first = pages * 2 // 5 if first is None else first
        last = pages * 3 // 5 if last is None else last
        with path.open("r+b") as file:
            file.seek(first * PAGE)
            file.write(b"\xa5" * PAGE * (last - first))

    return scribble_
