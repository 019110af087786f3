"""All servers of the lab's world in one process: resolvers with their lies, web servers with certificates of the lab.

It runs inside the namespace `world`: `python -m tests.lab.net.world FILE`, where FILE is the key and certificate of the
lab's authority (PEM). Each line of its standard input is a JSON object with what differs from the normal
world (`{}`) and replaces the one before; it answers `ok` as soon as that holds. Keys:

- `down`: names whose servers do not listen; `dead`: names whose servers accept and never say anything;
- `certificate`: name to `expired`, `wrong`, `stranger`; `status`: name to a status;
- `geo`: name to networks that get 403 (or `geo_status`); `portal`: client networks that get a portal's certificate;
- `moved`: name to addresses; `rate`: name to connections that one client may open in 10 s, reset beyond;
- `lies`: resolver to name glob to `nxdomain`, `servfail`, `refused`, `silence` or an address.
"""

import asyncio
import json
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.lab.net.addresses import RESOLVERS, ZONE, addresses, name_of
from tests.lab.net.papers import load, paper
from tests.lab.net.process import say

SOA = "ns.lab. hostmaster.lab. 1 3600 600 86400 300"
Change = dict[str, Any]


@dataclass(slots=True)
class World:
    """What holds now, the certificates, and who connected when."""

    authority: Path
    now: Change = field(default_factory=dict)
    contexts: dict[tuple[str, str], ssl.SSLContext] = field(default_factory=dict)
    calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def says(self, key: str, name: str) -> Any:
        """What holds for a name, exactly or by a glob."""
        told = self.now.get(key, {})
        if isinstance(told, list):
            return any(fnmatchcase(name, glob) for glob in told)
        return next((told[glob] for glob in told if fnmatchcase(name, glob)), None)

    def context(self, name: str) -> ssl.SSLContext:
        """A server's context for a name, with the certificate that it shows now."""
        kind = self.says("certificate", name) or "good"
        if (name, kind) not in self.contexts:
            self.contexts[name, kind] = paper(load(self.authority), name, kind)
        return self.contexts[name, kind]

    def too_often(self, name: str, client: str) -> bool:
        """Whether a client is beyond the rate of a name."""
        most = self.says("rate", name)
        calls = self.calls.setdefault((name, client), deque())
        calls.append(time.monotonic())
        while calls[0] < calls[-1] - 10.0:
            calls.popleft()
        return most is not None and len(calls) > most


# ---- names -----------------------------------------------------------------------------------------------------------


def resolve(world: World, resolver: str, question: bytes) -> bytes | None:
    """What a resolver answers; None for silence."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked, recursion_available=True)
    name = asked.question[0].name.to_text(omit_final_dot=True).lower()
    lies = world.now.get("lies", {})
    told = [*lies.get(resolver, {}).items(), *lies.get("*", {}).items()]
    lie = next((said for glob, said in told if fnmatchcase(name, glob)), None)
    if lie == "silence":
        return None
    if lie in {"servfail", "refused"}:
        reply.set_rcode(dns.rcode.from_text(lie))
        return reply.to_wire()
    found = [] if lie == "nxdomain" else [lie] if lie else world.says("moved", name) or ZONE.get(name, [])
    if not found:
        reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(dns.rrset.from_text("lab.", 300, "IN", "SOA", SOA))
        return reply.to_wire()
    kind = asked.question[0].rdtype
    fits = [one for one in found if kind == (dns.rdatatype.AAAA if ":" in one else dns.rdatatype.A)]
    if fits:
        reply.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", dns.rdatatype.to_text(kind), *fits))
    else:
        reply.authority.append(dns.rrset.from_text("lab.", 300, "IN", "SOA", SOA))
    return reply.to_wire()


class Datagrams(asyncio.DatagramProtocol):
    """A resolver over UDP."""

    def __init__(self, world: World, resolver: str) -> None:
        """Which one."""
        self.world, self.resolver = world, resolver

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer."""
        answer = resolve(self.world, self.resolver, data)
        if answer is not None:
            self.transport.sendto(answer, addr)


# ---- connections -----------------------------------------------------------------------------------------------------

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


def over_tcp(world: World, resolver: str) -> Serve:
    """A resolver over TCP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        answer = resolve(world, resolver, question)
        if answer is not None:
            writer.write(len(answer).to_bytes(2) + answer)
            await writer.drain()

    return serve


def web(world: World, address: str, port: int) -> Serve:
    """A web server for all names of an address: plain on 80, TLS else; other ports only accept."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, name = writer.get_extra_info("peername")[0], name_of(address)
        if world.too_often(name, client):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
            return
        if world.says("dead", name):
            await asyncio.Event().wait()
        if port != 80:
            await writer.start_tls(world.context("portal.example" if _portal(world, client) else name))
        await page(world, reader, writer, name)

    return serve


async def page(world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
    """Answer one request."""
    client = writer.get_extra_info("peername")[0]
    await reader.readuntil(b"\r\n\r\n")
    status = world.says("status", name) or 200
    if any(client.startswith(net) for net in world.says("geo", name) or ()):
        status = world.now.get("geo_status", 403)
    writer.write(
        f"HTTP/1.1 {status} Lab\r\nContent-Length: 40000\r\nConnection: close\r\n\r\n".encode() + b"x" * 40_000
    )
    await writer.drain()


def _portal(world: World, client: str) -> bool:
    return any(client.startswith(net) for net in world.now.get("portal", ()))


def guarded(serve: Serve) -> Serve:
    """A client that goes away, or is cut off, is no fault of the world."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await serve(reader, writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    return accept


async def listen(world: World, listeners: dict[tuple[str, int], asyncio.Server]) -> None:
    """Open the web servers that are up, close those that are down."""
    for address, port in addresses():
        down, place = world.says("down", name_of(address)), (address, port)
        if down and place in listeners:
            listeners.pop(place).close()
        elif not down and place not in listeners:
            serve = guarded(web(world, address, port))
            listeners[place] = await asyncio.start_server(serve, address, port, backlog=256)


async def run(world: World) -> None:
    """Open everything, then take a line at a time until the input ends."""
    loop = asyncio.get_running_loop()
    for resolver in RESOLVERS:
        await loop.create_datagram_endpoint(lambda one=resolver: Datagrams(world, one), (resolver, 53))  # type: ignore[misc]
        await asyncio.start_server(guarded(over_tcp(world, resolver)), resolver, 53)
    listeners: dict[tuple[str, int], asyncio.Server] = {}
    await listen(world, listeners)
    for name in ZONE:
        world.context(name)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say("ready")
    while line := await lines.readline():
        world.now, world.calls = json.loads(line), {}
        await listen(world, listeners)
        for name in ZONE:
            world.context(name)
        say("ok")


def main() -> None:
    """Serve until standard input ends."""
    asyncio.run(run(World(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
