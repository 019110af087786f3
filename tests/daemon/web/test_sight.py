"""Looking into the journal happens in a thread of its own, each time anew."""

import threading
from pathlib import Path

import pytest

from daemon.journal.reader import Reader
from daemon.journal.schema import JournalRefused
from daemon.rows import Annotation
from daemon.web.live import Live
from daemon.web.sight import Sight
from tests.lab.hand_clock import HandClock
from tests.lab.paging import paged


async def test_a_look_sees_what_is_on_disk_from_another_thread(tmp_path: Path) -> None:
    async with paged(tmp_path) as page:
        clock = HandClock()
        sight = Sight(page.journal.path, clock, Live(page.journal.path, clock.wall))

        def look(reader: Reader) -> tuple[int, str]:
            return reader.last(), threading.current_thread().name

        await page.journal.append([Annotation("one")])
        last, name = await sight.read(look)
        assert (last, name.startswith("web-reader")) == (1, True)
        await page.journal.append([Annotation("two")])
        assert (await sight.read(look))[0] == 2
        assert sight.status() == {}
        assert sight.titles() == {}
        sight.threads.shutdown()


async def test_without_a_journal_there_is_nothing_to_see(tmp_path: Path) -> None:
    clock = HandClock()
    sight = Sight(tmp_path / "none.db", clock, Live(tmp_path / "none.db", clock.wall))
    with pytest.raises(JournalRefused):
        await sight.read(Reader.last)
    sight.threads.shutdown()
