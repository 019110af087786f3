"""The upgrade to a web socket: accepted, refused, dropped, junk; and what comes after it."""

import pytest

from probes.record import Kind, Phase
from tests.lab.chat_servers import (
    CLOSE,
    PING,
    TEXT,
    chat_check,
    closing_on_upgrade,
    echoing,
    frame,
    refusing,
    resetting_on_upgrade,
    silent_to_upgrade,
    upgraded,
)
from tests.lab.runs import within_last_phase

HTTP, APP = Phase.HTTP, Phase.APP
SPEAK = {"text": "hello", "answer": True}


async def test_accepted() -> None:
    record = await chat_check(echoing, path="/")
    assert (record.facts.status, record.timings[-1].phase) == (101, HTTP)
    assert within_last_phase(record)


@pytest.mark.parametrize("status", [200, 302, 400, 403, 451, 500])
async def test_refused_with_any_other_status(status: int) -> None:
    head = f"HTTP/1.1 {status} No\r\nServer: box\r\nLocation: /page\r\nContent-Length: 0\r\n\r\n".encode()
    record = await chat_check(refusing(head), (HTTP, Kind.HTTP_STATUS), "/")
    assert (record.facts.status, record.facts.server, record.facts.location) == (status, "box", "/page")


async def test_dropped_before_the_answer() -> None:
    await chat_check(silent_to_upgrade, (HTTP, Kind.TIMEOUT), "/")
    await chat_check(closing_on_upgrade, (HTTP, Kind.EOF), "/")
    await chat_check(resetting_on_upgrade, (HTTP, Kind.RESET), "/")


FALSE_TOKEN = b"HTTP/1.1 101 Sure\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n"


@pytest.mark.parametrize(
    "junk", [b"\x00\x01\x02", b"SSH-2.0", b"HTTP/1.1 two\r\n\r\n", FALSE_TOKEN, b"HTTP/1.1 101 Sure\r\n\r\n"]
)
async def test_junk_instead_of_an_answer(junk: bytes) -> None:
    await chat_check(refusing(junk), (HTTP, Kind.HTTP_JUNK), "/")


async def test_endless_headers() -> None:
    await chat_check(refusing(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: y\r\n" * 40_000), (HTTP, Kind.HTTP_JUNK), "/")


async def test_dropped_after_the_upgrade() -> None:
    await chat_check(upgraded("stay"), (APP, Kind.TIMEOUT), "/", **SPEAK)
    await chat_check(upgraded("end"), (APP, Kind.EOF), "/", **SPEAK)
    await chat_check(upgraded("reset"), (APP, Kind.RESET), "/", **SPEAK)


async def test_a_close_frame_says_its_code() -> None:
    goodbye = frame(CLOSE, (1008).to_bytes(2) + b"not you")
    record = await chat_check(upgraded("stay", goodbye), (APP, Kind.EOF), "/", **SPEAK)
    assert record.facts.extra["close_code"] == "1008"


@pytest.mark.parametrize("junk", [b"\xff\xff\xff\xff", frame(TEXT, b"\xff\xfe"), b"\x83\x00"])
async def test_junk_after_the_upgrade(junk: bytes) -> None:
    record = await chat_check(upgraded("stay", junk), (APP, Kind.APP_JUNK), "/", **SPEAK)
    assert "close_code" not in record.facts.extra


async def test_pings_are_no_message() -> None:
    await chat_check(upgraded("stay", frame(PING, b"?") * 3), (APP, Kind.TIMEOUT), "/", **SPEAK)
    await chat_check(upgraded("stay", frame(PING, b"?") * 100_000), (APP, Kind.APP_JUNK), "/", **SPEAK)


async def test_an_empty_message_is_one() -> None:
    await chat_check(upgraded("stay", frame(TEXT, b"")), None, "/", **SPEAK)
