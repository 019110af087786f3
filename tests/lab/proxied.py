"""Measuring behind a proxy on loopback: `through = partial(proxied.through, "socks5")`, and what is heard there."""

import asyncio
import socket
from dataclasses import replace
from typing import Any

import aiodns
import pytest

from probes.plugin import VANTAGES, Vantage
from probes.record import Kind, Phase, Record
from probes.run import Run, perform
from probes.steps.connect import connect
from probes.steps.datagram import datagrams
from tests.lab.runs import SLOW, attempt, measure, plugin, world
from tests.lab.servers import Server, serve

PROXY = Phase.PROXY
LOCAL = (PROXY, Kind.LOCAL)
TARGET = "192.0.2.1:443"
HEARD = b"hello from the target"


def through(kind: str, port: int, host: str = "127.0.0.1", **options) -> Any:
    """A vantage behind the proxy of that kind that listens there."""
    found = plugin(kind, VANTAGES)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return found.function(found.options.model_validate({"address": place, **options}))


async def meet(kind: str, liar: Server, *, timeout: float = SLOW, **options) -> Record:
    """Measure a target behind a proxy that lies."""
    async with serve(liar) as port:
        return await measure("tcp", TARGET, through(kind, port, **options), timeout=timeout)


async def ask_by(vantage: Vantage, target: str, resolver: object, family: str = "ipv4") -> Record:
    """Connect to a name from a vantage with a resolver."""
    told = replace(attempt("tcp", target, family=family), resolver=str(resolver))
    return await perform(plugin("tcp"), told, vantage, world())


async def listen(vantage: Vantage) -> Record:
    """Connect and read what the target says first; a fact."""

    async def hear(run: Run, options) -> None:
        stream = await connect(run, *options.place)
        async with run.phase(Phase.APP):
            heard = b""
            while len(heard) < len(HEARD):
                heard += await stream.receive()
            run.note(extra={"heard": heard.decode()})

    return await perform(replace(plugin("tcp"), function=hear), attempt("tcp", TARGET), vantage, world())


# ---- whom the sockets of a vantage reach -----------------------------------------------------------------------------


class Watched(socket.socket):
    """A socket that remembers whom it was connected to."""

    contacted: set[tuple[str, int]]

    def connect_ex(self, address: tuple, /) -> int:  # type: ignore[override]
        self.contacted.add(address[:2])
        return super().connect_ex(address)

    def connect(self, address: object, /) -> None:
        raise AssertionError("steps use connect_ex")


def watched(vantage: Vantage, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """Whom the sockets of a vantage are connected to; the machine's own resolver is out of bounds."""
    contacted: set[tuple[str, int]] = set()
    original = vantage.open

    def opened(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        sock = Watched(fileno=original(family, kind).detach())
        sock.setblocking(False)
        sock.contacted = contacted
        return sock

    def never(*_: object) -> None:
        raise AssertionError("the machine's own resolver was asked")

    monkeypatch.setattr(vantage, "open", opened)
    monkeypatch.setattr(aiodns, "DNSResolver", never)
    return contacted


# ---- datagrams -------------------------------------------------------------------------------------------------------


class Echo(asyncio.DatagramProtocol):
    """Sends back what it gets, turned round."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        self.transport.sendto(data[::-1], addr)


async def ping(proxy: Server, echo: str, host: str, **options) -> Record:
    """One datagram to an echo behind a SOCKS5 proxy and its answer, in a fact."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, local_addr=(echo, 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        async with serve(proxy, echo) as at:
            return await send(through("socks5", at, echo, udp=True, **options), host, port)
    finally:
        transport.close()


async def send(vantage: Vantage, host: str, port: int) -> Record:
    """Send one datagram and wait for the answer."""

    async def app(run: Run, _options) -> None:
        way = await datagrams(run, host, port)
        async with run.phase(Phase.APP):
            way.send(b"ping")
            run.note(extra={"heard": (await way.receive()).decode()})

    return await perform(replace(plugin("tcp"), function=app), attempt("tcp", "lab.test:1"), vantage, world())
