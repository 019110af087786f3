"""The API: every route answers JSON, mistakes too, and takes nothing."""

import json
from pathlib import Path

import pytest

from daemon.rows import Event
from daemon.wire_in import row_of
from probes.record import Record
from tests.lab.paging import Page, paged, rolled, told
from tests.lab.story import MINUTE

ROWS = told(60 * MINUTE)


@pytest.fixture
async def page(tmp_path: Path):
    async with paged(tmp_path, ROWS) as made:
        yield made


async def test_services(page: Page) -> None:
    found = {one["service"]: one for one in (await page.json("/api/v1/services"))["services"]}
    assert found["whatsapp"]["title"] == "WhatsApp"
    assert found["whatsapp"]["side"] == "foreign"
    states = {place["vantage"]: place["state"] for place in found["whatsapp"]["vantages"]}
    assert states == {"ru1": "down", "ru2": "down", "nl1": "ok"}


async def test_vantages(page: Page) -> None:
    found = (await page.json("/api/v1/vantages"))["vantages"]
    assert [(one["vantage"], one["country"], one["asn"], one["series"]) for one in found] == [
        ("ru1", "RU", 12389, 8),
        ("ru2", "RU", 31133, 8),
        ("nl1", "NL", 1103, 8),
    ]


async def test_series_and_their_records(page: Page) -> None:
    assert len((await page.json("/api/v1/series"))["series"]) == 24
    found = (await page.json("/api/v1/series?service=whatsapp&vantage=ru2"))["series"]
    assert {one["role"] for one in found} == {"web", "chat", "media"}
    chat = next(one for one in found if one["role"] == "chat")
    records = (await page.json(f"/api/v1/records?series={chat['key']}&limit=5"))["records"]
    assert len(records) == 5
    assert records[0]["reachd"] == "record/1"
    assert records[0]["failure"]["kind"] == "generic_timeout_error"
    earlier = (await page.json(f"/api/v1/records?series={chat['key']}&before={records[-1]['began']}"))["records"]
    assert all(one["began"] < records[-1]["began"] for one in earlier)


async def test_rollups_of_a_series(tmp_path: Path) -> None:
    async with paged(tmp_path, rolled(ROWS)) as page:
        key = next(key for key, one in page.live.keys.items() if (one.role, one.vantage) == ("chat", "ru2"))
        fine = (await page.json(f"/api/v1/series/{key}/rollups"))["rollups"]
        assert fine == (await page.json(f"/api/v1/series/{key}/rollups?range=24h"))["rollups"]
        assert fine[0]["reachd"] == "rollup/1"
        assert [one["start"] for one in fine] == sorted(one["start"] for one in fine)
        assert len(fine) > 6
        assert all(
            one["width"] == 3_600 for one in (await page.json(f"/api/v1/series/{key}/rollups?range=30d"))["rollups"]
        )


async def test_what_it_gives_can_be_read_back(page: Page) -> None:
    text = await page.text("/api/v1/events")
    (event,) = (await page.json("/api/v1/events"))["events"]
    assert "consistent with blocking" in text
    row = row_of(json.dumps(event).encode(), 1, "api:")
    assert isinstance(row.body, Event)
    assert row.body in [one.body for one in ROWS]


async def test_events_open_and_by_id(page: Page) -> None:
    (event,) = (await page.json("/api/v1/events?open=1"))["events"]
    revisions = (await page.json(f"/api/v1/events/{event['id']}"))["revisions"]
    assert [one["revision"] for one in revisions] == list(range(1, event["revision"] + 1))
    assert revisions[-1] == event


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v1/records", 404, "series"),
        ("/api/v1/records?series=none", 404, "series"),
        ("/api/v1/events/none", 404, "none"),
        ("/api/v1/series/none/rollups", 404, "series"),
        ("/api/v1/series/{key}/rollups?range=1y", 400, "24h, 30d"),
        ("/api/v1/records?series={key}&limit=0", 400, "limit"),
        ("/api/v1/records?series={key}&limit=many", 400, "limit"),
        ("/api/v1/records?series={key}&limit=100000", 400, "limit"),
        ("/api/v1/records?series={key}&before=yesterday", 400, "yesterday"),
    ],
)
async def test_mistakes_are_told_in_json(page: Page, path: str, status: int, words: str) -> None:
    key = next(iter(page.live.keys))
    assert words in (await page.json(path.format(key=key), status))["error"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed(page: Page, method: str) -> None:
    for path in ("/", "/api/v1/events", "/api/v1/services", "/events/stream"):
        async with page.client.request(method, path) as answer:
            assert answer.status == 405


def test_the_story_has_records() -> None:
    assert sum(isinstance(row.body, Record) for row in ROWS) > 1_000
