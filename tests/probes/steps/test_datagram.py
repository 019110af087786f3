"""Datagrams go where the vantage says, and an ICMP message about one of them is an answer."""

import asyncio
import errno
import socket
from dataclasses import replace

import pytest

from probes.plugin import Way
from probes.record import Kind, Phase, Record
from probes.run import Run, perform
from probes.steps.datagram import Datagrams, datagrams
from tests.lab.dns_runs import Here
from tests.lab.runs import attempt, outcome, plugin, world


class Echo(asyncio.DatagramProtocol):
    """Sends back what it gets."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        self.transport.sendto(data, addr)


class Relayed(Here):
    """A vantage that puts a mark around each datagram for a relay, which here is an echo."""

    def __init__(self, relay: tuple[str, int]) -> None:
        super().__init__()
        self.relay = relay

    async def way(self, address, port, dial, phase) -> Way:
        mark = f"{address}:{port} ".encode()
        return Way(self.relay, lambda data: mark + data, lambda data: data[len(mark) :] or None)


class Closed(Here):
    """A vantage that cannot open a socket."""

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        raise OSError(errno.EMFILE, "too many")


async def talk(vantage: Here, address: str, port: int, *said: bytes) -> tuple[Record, list[bytes]]:
    """Send datagrams one by one, each after the answer to the last."""
    heard: list[bytes] = []

    async def app(run: Run, _options) -> None:
        link = await datagrams(run, address, port)
        async with run.phase(Phase.APP):
            for data in said:
                link.send(data)
                heard.append(await link.receive())
                assert 0 < link.begin <= link.arrival <= run.elapsed()

    probe = replace(plugin("tcp"), function=app)
    return await perform(probe, attempt("tcp", "lab.test:1", timeout=5.0), vantage, world()), heard


async def echo(host: str) -> tuple[asyncio.DatagramTransport, int]:
    transport, _echo = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(host, 0))
    return transport, transport.get_extra_info("sockname")[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_there_and_back(host: str) -> None:
    transport, port = await echo(host)
    here = Here()
    record, heard = await talk(here, host, port, b"one", b"two")
    transport.close()
    assert (outcome(record), heard) == (None, [b"one", b"two"])
    assert record.facts.address == host
    assert [timing.phase for timing in record.timings] == [Phase.APP]
    assert not here.still_open()


async def test_through_a_relay_each_datagram_is_wrapped_and_what_is_not_from_there_is_dropped() -> None:
    transport, port = await echo("127.0.0.1")
    relayed = Relayed(("127.0.0.1", port))
    record, heard = await talk(relayed, "192.0.2.7", 443, b"one")
    transport.close()
    assert (outcome(record), heard) == (None, [b"one"])
    assert record.facts.address == "192.0.2.7"


async def test_nobody_there_is_told_by_icmp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    record, _heard = await talk(Here(), "127.0.0.1", port, b"one")
    assert outcome(record) == (Phase.APP, Kind.REFUSED)
    assert (record.facts.refused_by, record.facts.icmp_from) == ("icmp", "127.0.0.1")


async def test_no_socket_is_our_own_fault_in_the_phase_that_sends() -> None:
    record, _heard = await talk(Closed(), "127.0.0.1", 9, b"one")
    assert outcome(record) == (Phase.APP, Kind.LOCAL)


async def test_nobody_answers_who_was_not_asked() -> None:
    run = Run(attempt("tcp", "lab.test:1"), Here(), world())
    with pytest.raises(AssertionError):
        await Datagrams(run, Way(("127.0.0.1", 9))).receive()
