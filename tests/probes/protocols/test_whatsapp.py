"""The whatsapp probe: an honest server's answer is taken, and five ways of not giving one are told apart."""

import pytest
from pydantic import ValidationError

from probes.protocols.whatsapp import Whatsapp
from probes.record import Kind, Phase
from tests.lab.chat_servers import (
    chat_check,
    chat_over_socket,
    closing_chat,
    cut_chat,
    dribbling_chat,
    frame,
    honest_chat,
    refusing,
    resetting_chat,
    saying_chat,
    silent_chat,
    upgraded,
    wrong_key_chat,
)
from tests.lab.runs import measure, outcome, plugin, within_last_phase
from tests.lab.servers import Server, closed_port

APP = Phase.APP


def test_it_is_found_under_its_name() -> None:
    assert plugin("whatsapp").options is Whatsapp


def test_the_form_of_the_target_decides() -> None:
    apps = Whatsapp(target="g.whatsapp.net:5222")
    assert (apps.url, apps.contacts(), apps.trusts()) == (None, ("g.whatsapp.net",), ())
    web = Whatsapp(target="wss://web.whatsapp.com/ws/chat")
    assert (web.contacts(), web.trusts()) == (("web.whatsapp.com",), (("public", ("http/1.1",)),))


@pytest.mark.parametrize("target", ["g.whatsapp.net", "https://web.whatsapp.com/", "wss://", "a:b"])
def test_targets_that_are_wrong(target: str) -> None:
    with pytest.raises(ValidationError):
        Whatsapp(target=target)


@pytest.mark.parametrize("server", [honest_chat, dribbling_chat], ids=["at once", "byte by byte"])
async def test_an_honest_server(server: Server) -> None:
    record = await chat_check(server)
    assert [timing.phase for timing in record.timings][-2:] == [Phase.TCP, APP]
    assert record.facts.bytes_out == 43
    assert within_last_phase(record)


@pytest.mark.parametrize("certificate", [None, "good"])
async def test_over_a_web_socket(certificate: str | None) -> None:
    record = await chat_check(chat_over_socket(certificate), None, "/ws/chat")
    assert record.timings[-1].phase is APP
    assert record.facts.status == 101


async def test_silence_end_and_reset_are_three() -> None:
    record = await chat_check(silent_chat, (APP, Kind.TIMEOUT))
    assert record.facts.first_byte is None
    await chat_check(closing_chat, (APP, Kind.EOF))
    await chat_check(resetting_chat, (APP, Kind.RESET))
    assert (await chat_check(cut_chat, (APP, Kind.EOF))).facts.bytes_in == 40


@pytest.mark.parametrize("junk", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0", b"\0\0\x04junk", b"\0\0\x02\x1a\x00"])
async def test_bytes_that_are_no_hello(junk: bytes) -> None:
    await chat_check(saying_chat(junk), (APP, Kind.APP_JUNK))


async def test_a_hello_of_somebody_without_the_key() -> None:
    await chat_check(wrong_key_chat, (APP, Kind.APP_JUNK))


async def test_a_web_socket_that_is_refused_or_drops_the_hello() -> None:
    refused = refusing(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "whatsapp")
    await chat_check(refused, (Phase.HTTP, Kind.HTTP_STATUS), "/ws/chat")
    await chat_check(upgraded("stay", probe="whatsapp"), (APP, Kind.TIMEOUT), "/ws/chat")
    await chat_check(upgraded("reset", probe="whatsapp"), (APP, Kind.RESET), "/ws/chat")
    await chat_check(upgraded("stay", frame(0x82, b"\0\0\0"), "whatsapp"), (APP, Kind.APP_JUNK), "/ws/chat")


async def test_nobody_there() -> None:
    assert outcome(await measure("whatsapp", f"127.0.0.1:{closed_port()}")) == (Phase.TCP, Kind.REFUSED)
