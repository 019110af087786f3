"""Every page, filled with the February 2026 story: complete, escaped, and honest where there is nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from daemon.rows import Annotation, Body, Delivery, Event, Gap, PlanRow
from daemon.web.live import key_of
from probes.record import Failure, Kind, Phase, Record
from tests.lab.diagnosing import looked_into, matrix_of
from tests.lab.paging import BEGAN, LASTS, STATUS, Page, concluded, fill, paged, rolled, told
from tests.lab.story import MINUTE, SECOND, START, block, february

ROWS = told()
EVIL = '<script>alert("x")</script>'
VOID = {"meta", "link", "input", "br", "line", "rect", "path", "circle"}


class Checker(HTMLParser):
    """Notes elements that stay open, scripts and styles in the text, and addresses that lead elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if "style" in named or tag == "style" or (tag == "script" and "src" not in named):
            self.faults.append(f"inline {tag}")
        self.faults += [f"{tag} has {name}" for name in named if name.startswith("on")]
        self.ids += [str(named["id"])] if "id" in named else []
        for name in ("href", "src"):
            if name in named:
                self.links.append(str(named[name]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"stray </{tag}>")


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    assert checker.faults == []
    assert checker.open == []
    assert len(set(checker.ids)) == len(checker.ids)
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in checker.links)
    return checker


def paths(page: Page) -> list[str]:
    event = next(iter(page.live.events), "none")
    return [
        "/",
        "/events",
        f"/events/{event}",
        "/services/whatsapp",
        *(f"/series/{key}" for key in list(page.live.keys)[:8]),
        "/vantages",
        "/vantages/ru1",
        "/daemon",
    ]


@pytest.fixture
async def page(tmp_path: Path):
    async with paged(tmp_path, ROWS) as made:
        yield made


async def test_every_page_is_whole_and_every_link_leads_somewhere(page: Page) -> None:
    links = set()
    for path in paths(page):
        links |= set(checked(await page.text(path)).links)
    for link in sorted(links):
        if not link.startswith("#"):
            await page.text(link)


async def test_an_empty_journal_has_every_page_too(tmp_path: Path) -> None:
    async with paged(tmp_path) as page:
        for path in ("/", "/events", "/vantages", "/daemon"):
            checked(await page.text(path))
        assert "Nothing is measured yet" in await page.text("/")


@pytest.mark.parametrize("path", ["/none", "/events/none", "/services/none", "/series/none", "/vantages/none"])
async def test_what_is_not_there_is_told_on_a_page(page: Page, path: str) -> None:
    text = await page.text(path, 404)
    checked(text)
    assert "Not found" in text


async def test_the_overview_says_what_where_and_since_when(page: Page) -> None:
    text = await page.text("/")
    said = re.sub("<[^>]+>", "", text)
    assert "WhatsApp chat and media: no TCP connection from RU (2 of 2 vantages) since 20:30 UTC" in said
    assert "MAX and Controls reachable" in text
    assert "1 h so far" in text
    assert text.count('class="state down"') == 2
    assert text.count('class="state ok"') == 7
    assert text.count('<svg class="strip"') == 9


async def test_all_well_is_told_as_such(tmp_path: Path) -> None:
    async with paged(tmp_path, told(10 * MINUTE)) as page:
        text = await page.text("/")
        assert "Nothing is disrupted" in text
        page.clock.now += 3_600 * SECOND
        assert "Nothing is known now" in await page.text("/")


async def test_what_is_over_stays_for_a_day(tmp_path: Path) -> None:
    async with paged(tmp_path, told(LASTS, ended=3_000.0)) as page:
        text = await page.text("/")
        assert "Over within the last day" in text
        assert "Nothing is disrupted" in text
        (event,) = page.live.events
        assert "It lasted" in await page.text(f"/events/{event}")


async def test_an_event_has_its_bracket_evidence_and_revisions(page: Page) -> None:
    (event,) = page.live.open_events()
    text = await page.text(f"/events/{event.id}")
    for words in (*event.evidence, *event.mechanisms.values(), *event.scope.endpoints, "AS12389", "AS31133"):
        assert words in text
    assert "Against it</dt><dd>nothing" in text
    assert text.count('class="onset"') == 3
    assert f'<td data-label="revision">{event.revision}</td>' in text
    link = re.search(rf'href="(/series/\w+\?at=[^"#]+)#{event.evidence[0]}"', text)
    assert link is not None
    assert f'id="{event.evidence[0]}"' in await page.text(link[1])


async def test_a_closer_look_is_drawn_as_its_matrix(tmp_path: Path) -> None:
    story = block(february(), "ru1 ru2", BEGAN).rows(LASTS)
    name = "<b>web.whatsapp.com</b>"
    async with paged(tmp_path, concluded(looked_into(story, matrix_of(name), BEGAN + 300))) as page:
        text = await page.text(f"/events/{next(iter(page.live.events))}")
        checked(text)
        assert "whatever the address; the same address answers to example.com" in text
        drawn = text[text.index('id="closer"') : text.index('id="told"')]
        cells = re.sub("<[^>]+>", "", drawn.replace("</t", "|</t")).split("|")
        assert [cell.strip() for cell in cells if ":443" in cell] == ["157.240.205.60:443", "104.18.26.120:443"]
        assert drawn.count('class="state down"') == drawn.count('class="state ok"') == 2
        assert name not in text


async def test_a_closer_look_is_a_sentence_among_the_facts_of_its_record(tmp_path: Path) -> None:
    story = block(february(), "ru1 ru2", BEGAN).rows(LASTS)
    rows = looked_into(story, matrix_of("web.whatsapp.com"), BEGAN + 300)
    look = next(row.body for row in rows if isinstance(row.body, Record) and row.body.facts.diagnosis)
    async with paged(tmp_path, rows) as page:
        text = await page.text(f"/series/{key_of(look.series)}?at=2026-02-11T20:40:00Z")
    checked(text)
    assert "<dt>diagnosis</dt><dd>reset in phase tls when the name web.whatsapp.com is in the hello" in text


async def test_a_series_shows_its_records_with_their_phases(page: Page) -> None:
    series = next(one for one in page.live.keys.values() if (one.role, one.vantage) == ("chat", "ru1"))
    text = await page.text(f"/series/{key_of(series)}")
    assert "60 of 90" in text
    assert "tcp: generic_timeout_error" in text
    assert text.count('<svg class="bars"') == 60
    assert 'class="p-tcp broken"' in text
    earlier = await page.text(f"/series/{key_of(series)}?at=2026-02-11T20:05:00Z")
    assert "None in these measurements" in earlier
    assert "No record" in await page.text(f"/series/{key_of(series)}?at=2020-01-01T00:00:00Z")
    await page.text(f"/series/{key_of(series)}?at=yesterday", 400)


async def test_a_vantage_shows_its_health_and_controls(page: Page) -> None:
    text = await page.text("/vantages/ru1")
    assert "RU, AS12389" in text
    assert "https://www.wikipedia.org/" in text
    assert "alive" in text


async def test_the_daemon_page_shows_lag_backlog_and_gaps(page: Page) -> None:
    series = next(iter(page.live.keys.values()))
    gap = Gap(series, START, START + 60 * SECOND, 60, "budget")
    await page.journal.append([gap])
    await page.seen()
    text = await page.text("/daemon")
    for words in ("1,234", "connection refused", "budget", "0.4 ms", "running", "influx quarantined points 7"):
        assert words in text


async def test_hostile_names_are_text(tmp_path: Path) -> None:
    plan, evil = next(row.body for row in ROWS if isinstance(row.body, PlanRow)), EVIL
    series = replace(plan.assignments[0].series, endpoint=evil, role=evil, service=evil, vantage=evil)
    hostile = replace(
        plan,
        vantages={evil: next(iter(plan.vantages.values()))},
        services={evil: "foreign"},
        assignments=(replace(plan.assignments[0], series=series),),
    )
    record = next(row.body for row in ROWS if isinstance(row.body, Record))
    facts = replace(record.facts, server=evil, location=evil, extra={evil: evil})
    failure = Failure(Phase.HTTP, Kind.HTTP_STATUS, evil)
    event = next(row.body for row in ROWS if isinstance(row.body, Event))
    told = replace(
        event,
        service=evil,
        summary=evil,
        against=evil,
        mechanisms={evil: evil},
        comparators={evil: evil},
        scope=replace(event.scope, vantages=(evil,), endpoints=(evil,), countries=(evil,)),
    )
    async with paged(tmp_path) as page:
        page.clock.now = record.began + SECOND
        bodies: list[Body] = [
            hostile,
            replace(record, series=series, facts=facts, failure=failure),
            told,
            Annotation(evil),
        ]
        await page.journal.append(bodies)
        await page.seen()
        key = key_of(series)
        for path in ("/", "/events", f"/events/{event.id}", f"/series/{key}", "/vantages", "/daemon"):
            text = await page.text(path)
            checked(text)
            assert "<script>" not in text
            assert "alert(&#34;x&#34;)" in text or path == "/daemon"


async def test_healthy_and_ready(page: Page) -> None:
    assert await page.text("/-/healthy") == "ok\n"
    assert await page.text("/-/ready") == "ok\n"
    page.live.ready = False
    assert "starting" in await page.text("/-/ready", 503)


@pytest.mark.parametrize("words", ["full: database or disk is full", "damaged: row 7 cannot be read", "failing: I/O"])
async def test_a_journal_in_trouble_is_told(page: Page, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(page.journal._writer, "condition", words)
    assert await page.text("/-/ready", 503) == f"{words}\n"
    text = await page.text("/daemon")
    checked(text)
    assert f'<span class="state down">down</span>: {words}' in text


async def test_receivers_are_told_of_on_the_daemon_and_event_pages(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    (event,) = page.live.open_events()
    assert "Who was told" not in await page.text(f"/events/{event.id}")
    standing = {"behind": 0, "lag": 0.0, "failures": 0, "error": "", "alarm": True, "holding": f"refuses: {EVIL}"}
    monkeypatch.setitem(STATUS, "followers", {"alert/ops": standing})
    monkeypatch.setitem(STATUS, "figures", {"alert_ops_waiting_messages": 3.0})
    sent = Delivery("m1", event.id, 1, "opened", "ops", 2, "delivered", 204)
    lost = Delivery("m2", event.id, 2, "grown", "ops", 10, "given_up", 403, EVIL)
    await page.journal.append([sent, lost])
    for path in ("/daemon", f"/events/{event.id}"):
        text = await page.text(path)
        checked(text)
        for words in ("ops", "opened", "&lt;script&gt;alert(&#34;x&#34;)"):
            assert words in text
    assert '<td data-label="waiting">3</td>' in await page.text("/daemon")
    assert '<span class="state down">refused</span> refuses' in await page.text("/daemon")
    told = (await page.json(f"/api/v1/events/{event.id}"))["deliveries"]
    assert [one["outcome"] for one in told] == ["given_up", "delivered"]


async def test_a_series_shows_its_rollups(tmp_path: Path) -> None:
    async with paged(tmp_path, rolled(ROWS)) as page:
        series = next(one for one in page.live.keys.values() if (one.role, one.vantage) == ("chat", "ru1"))
        text = await page.text(f"/series/{key_of(series)}")
        checked(text)
        for words in (
            "Last 24 h <small>",
            "Last 30 d <small>",
            "windows of 5 minutes",
            "window of 1 hour",
            'class="band"',
        ):
            assert words in text
        assert "Last 24 h" not in await page.text(f"/series/{key_of(series)}?at=2026-02-11T20:05:00Z")


async def test_a_bug_in_a_page_is_an_answer_and_nothing_else(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.web.overview.table", lambda *_args: 1 / 0)
    await page.text("/", 500)
    monkeypatch.undo()
    await page.text("/")


async def test_fill_keeps_the_stamps(tmp_path: Path) -> None:
    async with paged(tmp_path) as page:
        await fill(page.journal, page.clock, ROWS[:20])
        assert [row.at for row in await page.journal.read(0, 100)] == [row.at for row in ROWS[:20]]
