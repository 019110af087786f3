"""The websocket probe: its options, and the way down from a name to a message."""

import pytest
from pydantic import ValidationError

from probes.protocols.websocket import Websocket
from probes.record import Kind, Phase
from tests.lab.chat_servers import accept, chat_check, echoing, echoing_over_tls, frame, upgraded
from tests.lab.runs import measure, outcome, plugin, within_last_phase
from tests.lab.servers import Conn, closed_port, meets


def test_it_is_found_under_its_name() -> None:
    assert plugin("websocket").options is Websocket


def test_what_it_contacts_and_trusts() -> None:
    secure = Websocket(target="wss://example.org/socket")
    assert secure.contacts() == ("example.org",)
    assert secure.trusts() == (("public", ("http/1.1",)),)
    assert Websocket(target="ws://example.org/socket").trusts() == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "https://example.org/"}, "is no URL of the form wss://host/path"),
        ({"target": "ws://example.org/", "hex": "0g"}, "hex"),
        ({"target": "ws://example.org/", "hex": "00", "text": "a"}, "write one of them"),
        ({"target": "ws://example.org/", "origin": "https://a\r\nX: y"}, "an origin is written like"),
    ],
)
def test_options_that_are_wrong(options: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Websocket(**options)


@pytest.mark.parametrize("said", [{"text": "привет"}, {"hex": "00 ff 7e"}])
async def test_an_answer_to_a_first_message(said: dict) -> None:
    record = await chat_check(echoing, None, "/", answer=True, **said)
    assert record.timings[-1].phase is Phase.APP
    assert within_last_phase(record)


async def test_over_tls() -> None:
    record = await chat_check(echoing_over_tls, None, "/chat", text="a", answer=True)
    assert [timing.phase for timing in record.timings][-3:] == [Phase.TLS, Phase.HTTP, Phase.APP]


async def test_a_message_without_an_answer() -> None:
    record = await chat_check(upgraded("stay"), None, "/", text="a")
    assert (record.timings[-1].phase, record.facts.first_byte) == (Phase.APP, None)


@meets("websocket")
async def speaking_first(conn: Conn) -> None:
    assert b"Origin: https://example.org\r\n" in await accept(conn)
    await conn.send(frame(0x81, b"welcome"))
    await conn.stay()


async def test_a_server_that_speaks_first_to_pages_of_its_own() -> None:
    await chat_check(speaking_first, None, "/", answer=True, origin="https://example.org")


async def test_nobody_there() -> None:
    record = await measure("websocket", f"ws://127.0.0.1:{closed_port()}/")
    assert outcome(record) == (Phase.TCP, Kind.REFUSED)
