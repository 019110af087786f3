"""The server listens where it is told, serves what it is given, and lets go at once."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from daemon.web.server import listen, make_app, start, url_of
from daemon.web.sight import SIGHT
from tests.lab.paging import KEYS, paged


@pytest.mark.parametrize(("host", "form"), [("127.0.0.1", "http://127.0.0.1:{}/"), ("::1", "http://[::1]:{}/")])
def test_the_address_can_be_typed(host: str, form: str) -> None:
    with listen(host, 0) as sock:
        assert url_of(sock) == form.format(sock.getsockname()[1])


def test_a_page_on_all_addresses_is_named_by_loopback() -> None:
    with listen("0.0.0.0", 0) as sock:  # noqa: S104  what is tested
        assert url_of(sock).startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_an_error() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])


async def test_routes_of_others_stand_behind_the_same_guards(tmp_path: Path) -> None:
    async def more(_request: web.Request) -> web.Response:
        return web.Response(text="more")

    async with paged(tmp_path) as page:
        sight = page.client.app[SIGHT]
        app = make_app(sight, KEYS, [lambda it: it.router.add_get("/more", more)])
        runner = await start(app, listen("127.0.0.1", 0))
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/more"
        async with aiohttp.ClientSession() as session:
            async with session.get(url) as answer:
                assert (answer.status, await answer.text()) == (200, "more")
                assert "Content-Security-Policy" in answer.headers
            async with session.get(url, headers={"Host": "evil.example"}) as answer:
                assert answer.status == 421
        await runner.cleanup()


async def test_open_streams_do_not_hold_up_the_end(tmp_path: Path) -> None:
    async with paged(tmp_path) as page, aiohttp.ClientSession() as session:
        runner = await start(make_app(page.client.app[SIGHT], KEYS), listen("127.0.0.1", 0))
        async with session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/events/stream") as answer:
            assert answer.status == 200
            async with asyncio.timeout(2):
                await runner.cleanup()
                await answer.content.read()
