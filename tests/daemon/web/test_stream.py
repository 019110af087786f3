"""The event stream tells each page that something has changed, and lets nobody hold it up."""

import asyncio
import json
from pathlib import Path

import pytest

from daemon.rows import State
from daemon.web import live, stream
from tests.lab.paging import Page, paged
from tests.lab.waiting import until


async def lines(answer, count: int) -> list[str]:
    async with asyncio.timeout(10):
        return [(await answer.content.readline()).decode().rstrip("\n") for _ in range(count)]


async def gone(page: Page) -> None:
    await until(lambda: not page.live.readers)


async def test_what_is_new_comes_at_once(tmp_path: Path) -> None:
    async with paged(tmp_path) as page:
        async with page.client.get("/events/stream") as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            assert await lines(answer, 2) == ["retry: 2000", ""]
            await page.journal.append([State("whatsapp", "ru1", 2, 0.0, 1.0, 1.0)])
            name, data, end = await lines(answer, 3)
            assert (name, end) == ("event: news", "")
            assert json.loads(data.removeprefix("data: "))["what"] == ["rows", "states"]
        await gone(page)


async def test_silence_is_filled_so_that_the_dead_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ALIVE", 0.05)
    async with paged(tmp_path) as page, page.client.get("/events/stream") as answer:
        assert (await lines(answer, 4))[2:] == [": alive", ""]


async def test_a_reader_that_lags_is_hung_up_on(tmp_path: Path) -> None:
    async with paged(tmp_path) as page, page.client.get("/events/stream") as answer:
        await lines(answer, 2)
        for number in range(live.WAITING + 1):  # without a pause in which it could read
            page.live.publish(f'{{"row": {number}}}')
        async with asyncio.timeout(10):
            rest = await answer.content.read()
        assert rest == b""
        assert not page.live.readers


async def test_too_many_pages_are_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "READERS", 0)
    async with paged(tmp_path) as page, page.client.get("/events/stream") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "30"


async def test_a_stop_ends_the_stream(tmp_path: Path) -> None:
    async with paged(tmp_path) as page, page.client.get("/events/stream") as answer:
        await lines(answer, 2)
        page.live.hang_up()
        async with asyncio.timeout(10):
            assert await answer.content.read() == b""
