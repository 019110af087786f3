"""Takes the pictures of the README anew, in Chromium, of a day that ends in the block of February 2026.

Usage: .venv/bin/python tests/tools/pictures.py FOLDER
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from tests.lab.browser import browser
from tests.lab.paging import TITLES, concluded, paged
from tests.lab.story import HOUR, MINUTE, TLS_RESET, Story, block, february

TITLES |= {"telegram": "Telegram", "signal": "Signal", "vk": "VK"}


def day() -> Story:
    """A day in which Telegram and Signal have their own troubles, and the block of WhatsApp at its end."""
    story = february(every=120)
    story.service(
        "telegram", "foreign", ("chat", "tcp", "149.154.167.99:443"), ("web", "http", "https://telegram.org/")
    )
    story.service("signal", "foreign", ("chat", "tls", "chat.signal.org:443"), ("site", "http", "https://signal.org/"))
    story.service("vk", "domestic", ("web", "http", "https://vk.ru/"), ("site", "tls", "vk.ru:443"))
    story.fails(TLS_RESET, -14 * HOUR, -9 * HOUR, service="telegram", role="chat", vantage="ru1")
    story.fails(TLS_RESET, -5 * HOUR, -4 * HOUR, service="signal", vantage="ru1 ru2 nl1")
    return block(story, "ru1 ru2", 10 * MINUTE)


async def main(folder: Path) -> None:
    """Two pictures: the first page by day, an event by night."""
    rows = concluded(day().rows(1.5 * HOUR, since=-23 * HOUR))
    with TemporaryDirectory() as name:
        async with paged(Path(name), rows) as page, browser(Path(name)) as tab:
            url = f"http://127.0.0.1:{page.client.port}"
            (event,) = page.live.open_events()
            for title, path, dark, tallest in (
                ("overview", "/", False, 712),
                ("event", f"/events/{event.id}", True, 600),
            ):
                await tab.look(1000, dark=dark)
                await tab.open(url + path)
                await tab.until("document.getElementById('live').className === 'on'")
                await tab.picture(folder / f"{title}.png", tallest=tallest)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
