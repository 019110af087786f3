"""All servers of the lab's world in one process: resolvers with their lies, web servers with certificates of the lab.

It runs inside the namespace `world`: `python -m tests.lab.net.world FILE`, where FILE is the key and certificate of the
lab's authority (PEM). Each line of its standard input is a JSON object with what differs from the normal
world (`{}`) and replaces the one before; it answers `ok` as soon as that holds. Keys:

- `down`: names whose servers do not listen; `dead`: names whose servers accept and never say anything;
- `certificate`: name to `expired`, `wrong`, `stranger`; `status`: name to a status;
- `geo`: name to networks that get 403 (or `geo_status`); `portal`: client networks that get a portal's certificate;
- `moved`: name to addresses; `rate`: name to connections that one client may open in 10 s, reset beyond;
- `lies`: resolver to name glob to `nxdomain`, `servfail`, `refused`, `silence` or an address;
- `refuses`: name to the status that a request for a web socket gets; `no_quic`: names without QUIC;
- `proxy`: `down`, or `blind` (it connects nobody).

`{"told": true}` changes nothing and is answered by one line: what was asked and who connected since the last change.
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

from tests.lab.chat_servers import chat_over_socket, honest_chat
from tests.lab.dns_servers import Sent
from tests.lab.dns_tls_servers import over_https as dns_over_https
from tests.lab.dns_tls_servers import over_tls as dns_over_tls
from tests.lab.net.addresses import (
    CENTRES,
    CHATS,
    CONNECT,
    DNS_NAME,
    GOOGLE,
    ISP,
    PROXY,
    RESOLVERS,
    SOCKS,
    ZONE,
    addresses,
    name_of,
)
from tests.lab.net.datagrams import Close, open_calls, quic, quic_places
from tests.lab.net.papers import load, paper, pem
from tests.lab.net.process import say
from tests.lab.proxies import HonestConnect, HonestSocks
from tests.lab.servers import Behaviour, Leaving
from tests.lab.telegram_servers import honest as honest_centre

SOA = "ns.lab. hostmaster.lab. 1 3600 600 86400 300"
Change = dict[str, Any]


@dataclass(slots=True)
class World:
    """What holds now, the certificates, and who connected when."""

    authority: Path
    now: Change = field(default_factory=dict)
    contexts: dict[tuple[str, str], ssl.SSLContext] = field(default_factory=dict)
    calls: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    told: list[list[str]] = field(default_factory=list)
    """What happened since the last change: `question` resolver name client, `connection` server address client."""

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


def resolve(world: World, resolver: str, question: bytes, client: str) -> bytes | None:
    """What a resolver answers; None for silence."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked, recursion_available=True)
    name = asked.question[0].name.to_text(omit_final_dot=True).lower()
    world.told.append(["question", resolver, name, client])
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
        answer = resolve(self.world, self.resolver, data, addr[0])
        if answer is not None:
            self.transport.sendto(answer, addr)


# ---- connections -----------------------------------------------------------------------------------------------------

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]
SPOKEN = dict.fromkeys(CHATS, honest_chat) | dict.fromkeys(CENTRES, honest_centre)
NOBODY = "127.0.0.99"
"""An address at which nobody listens."""


def over_tcp(world: World, resolver: str) -> Serve:
    """A resolver over TCP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        answer = resolve(world, resolver, question, _client(writer))
        if answer is not None:
            writer.write(len(answer).to_bytes(2) + answer)
            await writer.drain()

    return serve


def _client(writer: asyncio.StreamWriter) -> str:
    client: str = writer.get_extra_info("peername")[0]
    return client


def over_tls(world: World, resolver: str, name: str, port: int) -> Serve:
    """A resolver over TLS (port 853) or over HTTPS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _client(writer)
        await writer.start_tls(world.context(name))

        def lie(question: bytes) -> list[Sent]:
            answer = resolve(world, resolver, question, client)
            return [] if answer is None else [Sent(answer)]

        behaviour = dns_over_tls(lie) if port == 853 else dns_over_https(lie)
        await behaviour.behave(Leaving(reader, writer))

    return serve


def service(world: World, address: str, port: int) -> Serve:
    """The server of an address: a web server, plain on 80 and over TLS else, a chat, or a data centre of Telegram."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, name = _client(writer), name_of(address)
        world.told.append(["connection", name, address, client])
        if world.too_often(name, client):
            await reader.read(1)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
            return
        if world.says("dead", name):
            await asyncio.Event().wait()
        if name in SPOKEN:
            await SPOKEN[name].behave(Leaving(reader, writer))
            return
        if port != 80:
            await writer.start_tls(world.context("portal.example" if _portal(world, client) else name))
        await page(world, reader, writer, name)

    return serve


async def page(world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
    """Answer one request."""
    client = _client(writer)
    head = await reader.readuntil(b"\r\n\r\n")
    refusal = world.says("refuses", name)
    if b"Upgrade: websocket" in head and not refusal:
        reader.feed_data(head)  # whoever upgrades reads it, too; the client says nothing more before the answer
        await chat_over_socket().behave(Leaving(reader, writer))
        return
    status = refusal if b"Upgrade: websocket" in head else world.says("status", name) or 200
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
    """Open the servers over TCP that are up, close those that are down."""
    for address, port in addresses():
        down, place = world.says("down", name_of(address)), (address, port)
        if down and place in listeners:
            listeners.pop(place).close()
        elif not down and place not in listeners:
            serve = guarded(service(world, address, port))
            listeners[place] = await asyncio.start_server(serve, address, port, backlog=256)


async def listen_quic(world: World, closers: dict[tuple[str, str], Close]) -> None:
    """Have QUIC servers with the certificates that are shown now, and none where it is down."""
    wanted = {
        (address, world.says("certificate", name) or "good"): name
        for name, address in quic_places()
        if not world.says("down", name) and not world.says("no_quic", name)
    }
    for place in closers.keys() - wanted.keys():
        closers.pop(place)()
    await asyncio.sleep(0.01)  # the sockets close in the next turns of the loop
    for address, kind in wanted.keys() - closers.keys():
        shown = pem(load(world.authority), wanted[address, kind], kind)
        closers[address, kind] = await quic(address, shown)


async def open_resolvers(world: World) -> None:
    """All resolvers over UDP and TCP, one over TLS and HTTPS."""
    loop = asyncio.get_running_loop()
    for resolver in RESOLVERS:
        await loop.create_datagram_endpoint(lambda one=resolver: Datagrams(world, one), (resolver, 53))  # type: ignore[misc]
        await asyncio.start_server(guarded(over_tcp(world, resolver)), resolver, 53)
    for port in (853, 443):
        await asyncio.start_server(guarded(over_tls(world, GOOGLE, DNS_NAME, port)), GOOGLE, port)


async def listen_proxies(world: World, servers: dict[int, asyncio.Server]) -> None:
    """Have a SOCKS and a CONNECT proxy, or none where they are down."""
    proxies = {SOCKS: HonestSocks, CONNECT: HonestConnect}
    for port in proxies if world.now.get("proxy") == "down" else ():
        if port in servers:
            servers.pop(port).close()
    for port, kind in proxies.items() if world.now.get("proxy") != "down" else ():
        if port not in servers:
            behave = kind(names=Names(world), near=PROXY).server.behave
            servers[port] = await asyncio.start_server(guarded(proxied(behave)), PROXY, port)


def proxied(behave: Behaviour) -> Serve:
    """A proxy whose clients leave."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behave(Leaving(reader, writer))

    return serve


class Names(dict[str, str]):
    """What the proxies know: they ask the free resolver; where they are blind, an address that nobody has."""

    def __init__(self, world: World) -> None:
        """Of a world."""
        super().__init__()
        self.world = world

    def get(self, name: str, default: Any = None) -> Any:
        """The first IPv4 address of a name."""
        if self.world.now.get("proxy") == "blind":
            return NOBODY
        self.world.told.append(["question", ISP["free"], name, PROXY])
        return next(iter(self.world.says("moved", name) or ZONE.get(name, [])), default)


async def change(
    world: World,
    listeners: dict[tuple[str, int], asyncio.Server],
    closers: dict[tuple[str, str], Close],
    servers: dict[int, asyncio.Server],
) -> None:
    """Make what holds now hold for all servers."""
    await listen(world, listeners)
    await listen_quic(world, closers)
    await listen_proxies(world, servers)


async def run(world: World) -> None:
    """Open everything, then take a line at a time until the input ends."""
    loop = asyncio.get_running_loop()
    await open_resolvers(world)
    await open_calls()
    listeners: dict[tuple[str, int], asyncio.Server] = {}
    closers: dict[tuple[str, str], Close] = {}
    servers: dict[int, asyncio.Server] = {}
    await change(world, listeners, closers, servers)
    for name in (*ZONE, DNS_NAME):
        world.context(name)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say("ready")
    while line := await lines.readline():
        told = json.loads(line)
        if "told" in told:
            say(json.dumps(world.told))
            continue
        world.now, world.calls, world.told = told, {}, []
        await change(world, listeners, closers, servers)
        for name in ZONE:
            world.context(name)
        say("ok")


def main() -> None:
    """Serve until standard input ends."""
    asyncio.run(run(World(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
