"""The follower over HTTP against a server that misbehaves on demand; tests/influxdb has the same against a real one."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme

from daemon import follower
from daemon.rows import Body
from daemon.sinks.destination import Destination
from daemon.sinks.influx import connect
from tests.lab.influx_fake import FakeInflux, fake_influx, page, reset, says, silence
from tests.lab.memory_journal import MemoryJournal
from tests.lab.samples import EVENT, SECOND, THEN, record, records
from tests.lab.sinking import CLOCK, QUICK, running
from tests.lab.waiting import until


def holding(*bodies: Body) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append(bodies)
    return journal


@pytest.fixture
async def fake() -> AsyncIterator[FakeInflux]:
    async with fake_influx() as server:
        yield server


async def test_rows_become_points_and_the_cursor_moves(fake: FakeInflux) -> None:
    journal = holding(*records(7))
    async with running(fake.destination(), journal) as (sink, standing):
        await until(lambda: standing.cursor == 7)
    assert len(fake.points) == 7
    assert fake.tokens == ["Token s3cret-token"]
    assert sink.figures.points == 7


@pytest.mark.parametrize(
    "trouble",
    [
        says(429, "rate limit", Retry_After="0"),
        says(500, "engine: cache full"),
        says(503, "closed"),
        says(503, "closed", Retry_After=formatdate(0, usegmt=True)),
        reset,
        silence,
    ],
    ids=["429", "500", "503", "503 with a date", "reset", "silence"],
)
async def test_trouble_is_waited_out(fake: FakeInflux, trouble: Callable) -> None:
    fake.script = [trouble, trouble]
    journal = holding(*records(300))
    async with running(fake.destination(), journal, QUICK) as (sink, standing):
        await until(lambda: bool(standing.holding))
        assert (standing.cursor, journal.moves, standing.alarm) == (0, [], False)
        await until(lambda: standing.cursor == 300)
    assert len(fake.points) == 300
    assert fake.sizes == [300, 100, 100, 200]
    assert standing.failures == 0
    assert sink.quarantine.keys == []


async def test_a_server_that_asks_for_a_day_is_asked_again_after_five_minutes(fake: FakeInflux) -> None:
    fake.script = [says(429, "rate limit", Retry_After="99999")]
    async with connect(fake.destination(), CLOCK) as sink:
        with pytest.raises(follower.Hold) as held:
            await sink.take(await holding(*records(1)).read(0, 5))
    assert held.value.seconds == 300.0
    assert "429 rate limit" in held.value.reason


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_keeps_everything_and_alarms(fake: FakeInflux, status: int) -> None:
    fake.script = [says(status, "not you")] * 3
    journal = holding(*records(5))
    async with running(fake.destination(), journal) as (_, standing):
        await until(lambda: standing.alarm)
        assert standing.holding == f"the store refuses us: {status} not you"
        assert journal.moves == []
        await until(lambda: standing.cursor == 5)
        assert not standing.alarm
    assert len(fake.points) == 5


@pytest.mark.parametrize("status", [200, 302, 400, 403])
async def test_a_page_for_people_is_no_acknowledgement(fake: FakeInflux, status: int) -> None:
    """The way to the store may itself be blocked: a block page says 200 to any POST."""
    fake.script = [page(status)] * 3
    journal = holding(*records(5))
    async with running(fake.destination(), journal) as (sink, standing):
        await until(lambda: standing.alarm)
        assert journal.moves == []
        await until(lambda: standing.cursor == 5)
    assert len(fake.points) == 5
    assert sink.figures.quarantined == 0


async def test_a_redirect_is_not_followed(fake: FakeInflux) -> None:
    """As a GET it would be answered with 200, and the batch be lost."""
    fake.script = [says(301, "moved", Location="/api/v2/buckets")] * 2
    async with running(fake.destination(), holding(*records(5))) as (_, standing):
        await until(lambda: standing.cursor == 5)
    assert len(fake.points) == 5


async def test_too_large_batches_are_halved(fake: FakeInflux) -> None:
    fake.largest = 800
    async with running(fake.destination(), holding(*records(5000))) as (sink, standing):
        await until(lambda: standing.cursor == 5000)
    assert len(fake.points) == 5000
    assert fake.sizes == [5000, 2500, 1250, *[625] * 8]
    assert sink.figures.quarantined == 0


@pytest.mark.parametrize("way", ["malformed", "conflicting"])
async def test_bad_lines_go_to_the_quarantine_and_good_ones_to_the_store(fake: FakeInflux, way: str) -> None:
    setattr(fake, way, lambda text: f" {(THEN + 30 * SECOND)}000" in text or f" {(THEN + 70 * SECOND)}000" in text)
    journal = holding(*records(1000))
    async with running(fake.destination(), journal) as (sink, standing):
        await until(lambda: standing.cursor == 1000)
        saved = journal.saved["influx"]
        assert json.loads(saved["counts"]) == {"quarantined": 2, "clipped": 0}
    kept = {key: json.loads(text) for key, text in saved.items() if key.startswith("quarantine/")}
    assert sorted(kept) == ["quarantine/4/0", "quarantine/8/0"]
    assert kept["quarantine/4/0"]["status"] == (400 if way == "malformed" else 422)
    assert ("unable to parse" if way == "malformed" else "type conflict") in kept["quarantine/4/0"]["words"]
    assert kept["quarantine/4/0"]["line"].endswith(f" {THEN + 30 * SECOND}000")
    assert len([key for key in fake.points if key[0].startswith("probe_result")]) == 998
    assert sink.figures.quarantined == 2


async def test_the_count_of_the_quarantine_outlives_a_restart(fake: FakeInflux) -> None:
    journal = holding(*records(3))
    journal.saved["influx"] = {"counts": b'{"quarantined": 7, "clipped": 9}', "quarantine/1/0": b"{}"}
    async with running(fake.destination(), journal) as (sink, standing):
        await until(lambda: standing.cursor == 3)
    assert (sink.figures.quarantined, sink.figures.clipped) == (7, 9)
    assert sink.quarantine.keys == ["quarantine/1/0"]


async def test_one_request_is_in_flight(fake: FakeInflux) -> None:
    journal = holding(*records(12_000))
    async with running(fake.destination(), journal) as (_, standing):
        await until(lambda: standing.cursor == 12_000)
    assert fake.most_at_once == 1
    assert fake.sizes == [5000, 5000, 2000]


async def test_old_points_are_clipped_by_the_retention_that_the_bucket_has(fake: FakeInflux) -> None:
    fake.retention = 3600
    now = CLOCK.wall() // SECOND * SECOND
    young = [record(slot, due=now - slot * SECOND) for slot in range(5)]
    journal = holding(*records(10), *young)
    async with running(fake.destination(), journal) as (sink, standing):
        await until(lambda: standing.cursor == 15)
    assert (len(fake.points), sink.figures.clipped) == (5, 10)
    assert fake.sizes == [5]
    assert fake.looks == 1


async def test_a_token_that_may_not_see_the_bucket_is_good_enough(fake: FakeInflux) -> None:
    fake.look_status = 403
    async with running(fake.destination(), holding(*records(3))) as (sink, standing):
        await until(lambda: standing.cursor == 3)
    assert sink.delivery.retention is None


async def test_the_retention_is_looked_at_again_each_hour(fake: FakeInflux) -> None:
    journal = holding(*records(1))
    async with running(fake.destination(), journal) as (sink, standing):
        await until(lambda: standing.cursor == 1)
        journal.append(records(1))
        await until(lambda: standing.cursor == 2)
        assert fake.looks == 1
        sink.look_at -= 3601
        journal.append(records(1))
        await until(lambda: standing.cursor == 3)
    assert fake.looks == 2


async def test_a_look_at_the_retention_that_fails_is_made_again_soon(fake: FakeInflux) -> None:
    fake.look_status = 503
    async with running(fake.destination(), holding(*records(1))) as (sink, standing):
        await until(lambda: standing.cursor == 1)
        assert sink.look_at < CLOCK.monotonic() + 61
    fake.look_status = 403
    async with running(fake.destination(), holding(*records(1))) as (sink, standing):
        await until(lambda: standing.cursor == 1)
        assert sink.look_at > CLOCK.monotonic() + 3000


async def test_another_store_gets_all_that_the_journal_has(fake: FakeInflux) -> None:
    journal = holding(*records(20), EVENT)
    async with running(fake.destination(), journal) as (_, standing):
        await until(lambda: standing.cursor == 21)
    first = dict(fake.points)
    fake.points.clear()
    async with running(fake.destination(bucket="new"), journal) as (_, standing):
        journal.append(records(1))
        await until(lambda: standing.cursor == 22 and len(fake.points) == 22)
    assert fake.points == first
    assert journal.moves == [21, 0, 22]


async def test_a_new_token_is_no_new_store(fake: FakeInflux) -> None:
    journal = holding(*records(20))
    for token in ("one", "two"):
        async with running(fake.destination(token=token), journal) as (_, standing):
            journal.append(records(1))
            await until(lambda: standing.cursor == len(journal.rows))
    assert fake.sizes == [21, 1]


async def test_a_stop_in_the_middle_of_a_request_loses_nothing(fake: FakeInflux) -> None:
    fake.script = [silence]
    journal = holding(*records(50))
    async with running(fake.destination(), journal) as _:
        await until(lambda: bool(fake.sizes))
    assert journal.moves == []
    async with running(fake.destination(), journal) as (_, standing):
        await until(lambda: standing.cursor == 50)
    assert len(fake.points) == 50


async def test_over_tls_with_a_ca_of_ones_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with fake_influx(context) as fake:
        async with running(fake.destination(), holding(*records(3))) as (_, standing):
            await until(lambda: bool(standing.holding))
            assert "certificate verify failed" in standing.holding
        async with running(fake.destination(ca=str(tmp_path / "ca.pem")), holding(*records(3))) as (_, standing):
            await until(lambda: standing.cursor == 3)
    assert len(fake.points) == 3


async def test_a_ca_file_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    where = Destination("https://127.0.0.1:1", "o", "b", "t", ca=str(tmp_path / "ca.pem"))
    with pytest.raises(OSError, match=r"(?i)certificate"):
        async with connect(where, CLOCK):
            pytest.fail("it connected")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid:8086", "http://[::1", "nonsense"])
async def test_an_address_where_nothing_is_holds(url: str) -> None:
    where = Destination(url, "o", "b", "s3cret-token")
    async with running(where, holding(*records(3)), QUICK) as (_, standing):
        await until(lambda: bool(standing.holding))
    assert (standing.cursor, standing.failures) == (0, 0)


async def test_no_secret_is_ever_shown(fake: FakeInflux, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("s3cret-token", "pa55word")
    fake.script = [says(401, "no such token: s3cret-token"), says(503, "s3cret-token")]
    where = fake.destination()
    shown = [repr(where), str(where)]
    async with running(where, holding(*records(3))) as (sink, standing):
        await until(lambda: bool(standing.holding))
        shown += [standing.holding, repr(standing), repr(sink), repr(vars(sink)), repr(sink.transport)]
        await until(lambda: standing.cursor == 3)
    dead = fake.destination(proxy="http://pr0xyuser:pa55word@127.0.0.1:1")
    shown += [repr(dead), dead.scrub("http://pr0xyuser:pa55word@127.0.0.1:1")]
    async with running(dead, holding(*records(3)), QUICK) as (_, standing):
        await until(lambda: bool(standing.holding))
        shown.append(standing.holding)
    everything = caplog.text + "".join(shown)
    assert "***" in everything
    assert not [secret for secret in secrets if secret in everything]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_through_a_proxy(fake: FakeInflux, scheme: str) -> None:
    """A store behind the block: names are resolved at the proxy (`store.invalid` has no address here)."""
    async with proxy(scheme, fake.port) as (port, asked):
        where = fake.destination(url="http://store.invalid:8086", proxy=f"{scheme}://127.0.0.1:{port}")
        async with running(where, holding(*records(3))) as (_, standing):
            await until(lambda: standing.cursor == 3)
    assert len(fake.points) == 3
    assert any("store.invalid" in name for name in asked)


async def test_a_proxy_that_is_down_is_trouble_and_no_failure(fake: FakeInflux) -> None:
    for scheme in ("http", "socks5"):
        where = fake.destination(proxy=f"{scheme}://127.0.0.1:1")
        async with running(where, holding(*records(3)), QUICK) as (_, standing):
            await until(lambda: bool(standing.holding))
            assert standing.failures == 0


@asynccontextmanager
async def proxy(scheme: str, port: int) -> AsyncIterator[tuple[int, list[str]]]:
    """A proxy that leads every name to one port on loopback, and remembers what it was asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begin = b""
        if scheme == "socks5":
            await reader.readexactly(3)
            writer.write(b"\x05\x00")
            ask = await reader.readexactly(5)
            asked.append((await reader.readexactly(ask[4] + 2))[:-2].decode())
            writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        else:
            begin = await reader.readuntil(b"\r\n\r\n")
            asked.append(begin.split(b" ")[1].decode())
            begin = begin.replace(b"http://store.invalid:8086/", b"/", 1)
        there, back = await asyncio.open_connection("127.0.0.1", port)
        back.write(begin)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
