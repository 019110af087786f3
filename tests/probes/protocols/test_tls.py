"""The tls probe: resolve, connect, shake hands."""

import pytest
from pydantic import ValidationError

from probes.protocols.tls import Tls
from probes.record import Kind, Phase
from tests.lab.certificates import chain_hash
from tests.lab.runs import check, measure, outcome, plugin
from tests.lab.servers import Conn, Server, closed_port, good_tls, serve


def test_it_is_found_under_its_name() -> None:
    assert plugin("tls").options is Tls


def test_what_it_needs_and_costs() -> None:
    options = Tls(target="courier.push.apple.com:5223", trust="apple", alpn=())
    assert options.needs == {"tcp"}
    assert options.contacts() == ("courier.push.apple.com",)
    assert options.trusts() == (("apple", ()),)
    assert 3_000 <= options.traffic <= 20_000


def test_without_more_words_it_looks_like_a_browser_to_a_public_server() -> None:
    assert Tls(target="web.whatsapp.com:443").trusts() == (("public", ("h2", "http/1.1")),)


@pytest.mark.parametrize("options", [{"target": "web.whatsapp.com"}, {"target": "a.example:443", "alpn": "h2"}])
def test_options_that_are_wrong(options: dict) -> None:
    with pytest.raises(ValidationError):
        Tls(**options)


async def test_good() -> None:
    record = await check(good_tls, address="127.0.0.1", trust="lab", chain=chain_hash("good"))
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS]


async def test_refused_before_any_handshake() -> None:
    record = await measure("tls", f"127.0.0.1:{closed_port()}")
    assert outcome(record) == (Phase.TCP, Kind.REFUSED)
    assert record.facts.trust is None


async def test_the_name_of_the_target_stands_in_the_hello() -> None:
    heard = []

    async def behave(conn: Conn) -> None:
        heard.append(await conn.read())

    async with serve(Server("listening", behave, "tls")) as port:
        record = await measure("tls", f"localhost:{port}")
    assert outcome(record) == (Phase.TLS, Kind.EOF)
    assert b"localhost" in heard[0]
    assert b"http/1.1" in heard[0]


async def test_an_address_stands_in_no_hello() -> None:
    heard = []

    async def behave(conn: Conn) -> None:
        heard.append(await conn.read())

    await check(Server("listening", behave, "tls"), (Phase.TLS, Kind.EOF))
    assert b"127.0.0.1" not in heard[0]
