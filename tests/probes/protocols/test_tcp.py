"""The tcp probe: a name is resolved, a connection made, nothing is said."""

import asyncio

import pytest
from pydantic import ValidationError

from probes.protocols.tcp import Tcp
from probes.record import Kind, Phase
from tests.lab.runs import check, measure, outcome, plugin
from tests.lab.servers import Conn, Server, accepting, closed_port, serve


def test_it_is_found_under_its_name() -> None:
    assert plugin("tcp").options is Tcp


def test_what_it_needs_and_costs() -> None:
    options = Tcp(target="g.whatsapp.net:5222")
    assert options.needs == {"tcp"}
    assert options.contacts() == ("g.whatsapp.net",)
    assert options.trusts() == ()
    assert 200 <= options.traffic <= 1000


@pytest.mark.parametrize("target", ["g.whatsapp.net", "https://g.whatsapp.net", "g.whatsapp.net:70000"])
def test_targets_that_are_wrong(target: str) -> None:
    with pytest.raises(ValidationError, match="target"):
        Tcp(target=target)


async def test_good() -> None:
    record = await check(accepting, address="127.0.0.1", bytes_out=0)
    assert [timing.phase for timing in record.timings] == [Phase.TCP]


async def test_it_says_nothing() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def behave(conn: Conn) -> None:
        heard.set_result(await conn.read())

    async with serve(Server("listening", behave, "tcp")) as port:
        assert outcome(await measure("tcp", f"127.0.0.1:{port}")) is None
        assert await asyncio.wait_for(heard, 5) == b""


async def test_refused() -> None:
    assert outcome(await measure("tcp", f"127.0.0.1:{closed_port()}")) == (Phase.TCP, Kind.REFUSED)


async def test_name_is_resolved_anew() -> None:
    """`localhost` comes from the hosts file, asked through the machine's resolver."""
    record = await measure("tcp", f"localhost:{closed_port()}")
    assert outcome(record) == (Phase.TCP, Kind.REFUSED)
    assert [timing.phase for timing in record.timings] == [Phase.DNS, Phase.TCP]
    assert record.facts.addresses == ("127.0.0.1",)
