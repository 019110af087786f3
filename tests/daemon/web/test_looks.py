"""What is looked up in the journal is all of it and nothing of others."""

from pathlib import Path

import pytest

from daemon.journal.reader import open_reader
from daemon.rows import Event
from daemon.web import axis, looks
from probes.record import Purpose, Record
from tests.lab.paging import Page, paged, told
from tests.lab.story import LOCAL, MINUTE, START, block, events, february, the_event

ROWS = told(60 * MINUTE)


@pytest.fixture
async def page(tmp_path: Path):
    async with paged(tmp_path, ROWS) as made:
        yield made


def event_of(page: Page) -> Event:
    (event,) = page.live.open_events()
    return event


async def test_records_of_a_series_are_its_own_newest_first(page: Page) -> None:
    for series in february().series()[::7]:
        rows = await page.journal.read(0, 100_000)
        expected = [row.body for row in rows if isinstance(row.body, Record) and row.body.series == series][::-1]
        with open_reader(page.journal.path) as reader:
            assert looks.records(reader, series) == expected
            assert looks.records(reader, series, 3) == expected[:3]
            moment = expected[10].began
            before = looks.records(reader, series, 3, moment)
        assert all(record.began < moment for record in before)
        assert before[0] in expected[10:12]


async def test_all_revisions_of_an_event_and_only_its_own(page: Page) -> None:
    event = event_of(page)
    with open_reader(page.journal.path) as reader:
        found = looks.revisions(reader, event.id)
        assert found == [row.body for row in ROWS if isinstance(row.body, Event) and row.body.id == event.id]
        assert looks.revisions(reader, "another") == []
        assert looks.latest_events(reader)[0] == event


async def test_every_piece_of_evidence_is_found(page: Page) -> None:
    event = event_of(page)
    shown = axis.window(event, page.clock.wall())
    with open_reader(page.journal.path) as reader:
        around = looks.around(reader, event, list(page.live.keys.values()), shown)
    assert set(around.evidence) == set(event.evidence)
    assert {(one.service, one.vantage) for one in around.lanes} == {("whatsapp", "ru1"), ("whatsapp", "ru2")}
    for lane in around.lanes.values():
        assert [record.began for record in lane] == sorted(record.began for record in lane)
        assert all(record.purpose is Purpose.SLOT for record in lane)
        assert any(record.failure is None for record in lane)
        assert any(record.failure for record in lane)


async def test_an_event_of_series_that_are_gone_has_no_lanes(page: Page) -> None:
    event = event_of(page)
    with open_reader(page.journal.path) as reader:
        around = looks.around(reader, event, [], axis.window(event, START))
    assert (around.lanes, around.evidence) == ({}, {})


def test_an_event_of_a_whole_vantage_speaks_of_all_its_series() -> None:
    story = february().fails(LOCAL, 1e9)
    event = the_event(block(story, "ru1 ru2", 600).rows(1_200))
    assert {one.service for one in looks.members(event, story.series())} == {"whatsapp"}
    silent = events(february().silent("ru1", 600).rows(1_800))[-1]
    assert {one.vantage for one in looks.members(silent, story.series())} == {"ru1"}
    assert {one.service for one in looks.members(silent, story.series())} == {"whatsapp", "max", "controls"}
