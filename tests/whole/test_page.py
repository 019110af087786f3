"""The page in a real Chromium, filled with the February 2026 story: what a person would see, press and wait for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.demo.story import free_port
from tests.lab.browser import Tab, browser
from tests.lab.paging import LASTS, Page, fill, paged, rolled, told
from tests.lab.story import MINUTE

pytestmark = [pytest.mark.browser, pytest.mark.long]

ROWS = rolled(told())
INKS = "getComputedStyle(document.body).color + getComputedStyle(document.documentElement).backgroundColor"
QUIET = 25 * MINUTE
"""The block is 5 minutes away."""


@asynccontextmanager
async def opened(folder: Path, rows=ROWS) -> AsyncIterator[tuple[Page, Tab]]:
    async with paged(folder, rows) as page, browser(folder) as tab:
        yield page, tab


def url(page: Page, path: str = "/") -> str:
    return f"http://127.0.0.1:{page.client.port}{path}"


def everything(page: Page) -> list[str]:
    (event,) = page.live.events
    key = next(key for key, one in page.live.keys.items() if (one.role, one.vantage) == ("chat", "ru1"))
    pages = ["/", "/events", "/vantages", "/daemon", "/vantages/ru1", "/services/whatsapp"]
    return [*pages, f"/events/{event}", f"/series/{key}", "/nothing"]


async def test_every_page_fits_in_both_themes_at_both_widths(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, tab):
        for path in everything(page):
            inks = set()
            for width, dark in ((1280, False), (1280, True), (360, False), (360, True)):
                await tab.look(width, dark=dark)
                await tab.open(url(page, path))
                assert await tab.ask("document.documentElement.scrollWidth") <= width, (path, width)
                inks.add(await tab.ask(INKS))
                shot = tmp_path / "shot.png"
                await tab.picture(shot)
                assert shot.stat().st_size > 5_000
            assert len(inks) == 2, path
        assert [one for one in tab.requests if not one.startswith(url(page))] == []
        assert tab.complaints == []


async def test_an_event_appears_on_an_open_page(tmp_path: Path) -> None:
    before = [row for row in ROWS if row.at < ROWS[0].at + round(QUIET) * 1_000_000]
    async with opened(tmp_path, before) as (page, tab):
        await tab.open(url(page))
        await tab.until("document.getElementById('live').textContent.includes('live')")
        assert await tab.ask("document.querySelector('h1').textContent") == "Nothing is disrupted"
        await fill(page.journal, page.clock, ROWS[len(before) :])
        await tab.until("document.querySelector('h1').textContent === 'Disrupted now'")
        await tab.until("document.body.textContent.includes('no TCP connection from RU')")
        assert await tab.ask("document.title") == "1 open · reachd"


async def test_it_connects_again_when_the_daemon_is_back(tmp_path: Path) -> None:
    port = free_port()
    before = [row for row in ROWS if row.at < ROWS[0].at + round(QUIET) * 1_000_000]
    async with browser(tmp_path) as tab:
        async with paged(tmp_path, before, port=port) as page:
            await tab.open(url(page))
            await tab.until("document.getElementById('live').className === 'on'")
        await tab.until("document.getElementById('live').className === 'off'")
        assert "trying again" in await tab.ask("document.getElementById('live').textContent")
        assert await tab.ask("document.querySelector('h1').textContent") == "Nothing is disrupted"
        async with paged(tmp_path, ROWS[len(before) :], port=port):
            await tab.until("document.getElementById('live').className === 'on'", 30)
            await tab.until("document.querySelector('h1').textContent === 'Disrupted now'", 30)


async def test_times_can_be_local_and_stay_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, tab):
        await tab.call("Emulation.setTimezoneOverride", timezoneId="Asia/Novosibirsk")
        await tab.open(url(page))
        since = "document.querySelector('td time').textContent"
        assert await tab.ask(since) == "20:30"
        await tab.ask("document.getElementById('zone').click()")
        assert await tab.ask(since) == "03:30"
        await tab.open(url(page, "/events"))
        assert await tab.ask("document.documentElement.dataset.zone") == "local"
        assert "since 03:30;" in await tab.ask("document.querySelector('.event a').textContent.replace(' UTC', '')")
        assert "UTC" not in await tab.ask("document.querySelector('.event a').innerText")
        assert "02-12 03:30" in await tab.ask("document.querySelector('.event small').textContent")


async def test_it_can_be_used_by_keyboard(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, tab):
        await tab.open(url(page))
        seen = []
        for _ in range(12):
            await tab.press("Tab")
            seen.append(await tab.ask("document.activeElement.textContent.trim()"))
            outline = await tab.ask("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", seen
            if "no TCP connection" in seen[-1]:
                break
        assert seen[0] == "To the content"
        await tab.press("Enter")
        await tab.until("location.pathname.startsWith('/events/') && document.querySelector('h1.sentence') !== null")


async def test_without_a_script_all_is_readable(tmp_path: Path) -> None:
    async with opened(tmp_path) as (page, tab):
        await tab.call("Emulation.setScriptExecutionDisabled", value=True)
        for path in everything(page):
            await tab.open(url(page, path))
            assert len(await tab.ask("document.querySelector('main').innerText")) > 20
        await tab.open(url(page))
        assert "UTC" in await tab.ask("document.getElementById('live').textContent")
        assert await tab.ask("document.getElementById('zone').hidden") is True


async def test_what_is_open_and_looked_at_stays_so_over_an_update(tmp_path: Path) -> None:
    async with opened(tmp_path, [row for row in ROWS if row.at < ROWS[-1].at - 5 * 60_000_000]) as (page, tab):
        (path,) = [one for one in everything(page) if one.startswith("/series/")]
        await tab.open(url(page, path))
        opened_id = await tab.ask(
            "(() => { const d = document.querySelectorAll('details')[3]; d.open = true; return d.id })()"
        )
        first = await tab.ask("document.querySelector('.records tbody tr').id")
        await fill(page.journal, page.clock, [row for row in ROWS if row.at >= ROWS[-1].at - 5 * 60_000_000])
        await tab.until(f"document.querySelector('.records tbody tr').id !== '{first}'")
        assert await tab.ask(f"document.getElementById('{opened_id}').open") is True
        assert LASTS > QUIET
