"""Proxies on loopback: honest ones, `async with serve(HonestSocks().server) as port`, and liars.

`socks_liar` and `connect_liar` break off, stay silent or answer what they are told to at each step of the conversation.
"""

import asyncio
import socket
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from tests.lab.servers import Conn, Server

Place = tuple[str, int]
NOWHERE = b"\x01\0\0\0\0\0\0"
"""An address in a reply that says nothing."""
GOOD = b"\x05\0\0" + NOWHERE
REFUSED, NO_HOST = 5, 4


@dataclass
class Honest:
    """What both proxies share: whom they let in, which names they know, and what they were asked for."""

    login: tuple[str, str] | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    asked: list[Place] = field(default_factory=list)
    near: str | None = None
    """The address that it connects from."""
    split: bool = False
    """Send each byte of a reply by itself."""

    async def reach(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to what was asked for. Raises OSError."""
        self.asked.append((host, port))
        near = (self.near, 0) if self.near else None
        return await asyncio.open_connection(self.names.get(host, host), port, local_addr=near)

    async def tell(self, conn: Conn, data: bytes) -> None:
        """Send a reply."""
        for piece in [data[i : i + 1] for i in range(len(data))] if self.split else [data]:
            await conn.send(piece)
            await asyncio.sleep(0)


@dataclass
class HonestSocks(Honest):
    """SOCKS5: CONNECT with names and addresses, a login, UDP ASSOCIATE."""

    relayed: list[tuple[str, int, bytes]] = field(default_factory=list)
    odd: Callable[[bytes], list[bytes]] = lambda datagram: [datagram]
    """What becomes of each relayed reply: lies go here."""
    relays: list[Place] = field(default_factory=list)
    """Where datagrams were to be sent."""
    says_where: bool = True
    """Name the relay's address in the reply; many proxies say 0.0.0.0."""

    @property
    def server(self) -> Server:
        """For `serve`."""
        return Server("honest_socks", self.behave, "tcp")

    async def behave(self, conn: Conn) -> None:
        """One client."""
        if not await self._let_in(conn):
            return
        command, place = await read_request(conn)
        if command == 3:
            await self._relay(conn)
            return
        try:
            far = await self.reach(*place)
        except ConnectionRefusedError:
            await self.tell(conn, bytes([5, REFUSED, 0]) + NOWHERE)
            return
        except OSError:
            await self.tell(conn, bytes([5, NO_HOST, 0]) + NOWHERE)
            return
        await self.tell(conn, GOOD)
        await pump(conn, *far)

    async def _let_in(self, conn: Conn) -> bool:
        methods = await read_greeting(conn)
        if self.login is None:
            await self.tell(conn, b"\x05\x00")
            return True
        if 2 not in methods:
            await self.tell(conn, b"\x05\xff")
            return False
        await self.tell(conn, b"\x05\x02")
        good = await read_login(conn) == self.login
        await self.tell(conn, b"\x01\x00" if good else b"\x01\x01")
        return good

    async def _relay(self, conn: Conn) -> None:
        host = conn.writer.get_extra_info("sockname")[0]
        transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Relay(self), local_addr=(host, 0)
        )
        try:
            port = transport.get_extra_info("sockname")[1]
            self.relays.append((host, port))
            said = ip_address(host).packed if self.says_where else bytes(4)
            await self.tell(conn, b"\x05\0\0" + bytes([4 if len(said) == 16 else 1]) + said + port.to_bytes(2, "big"))
            await conn.reader.read()  # the association lasts as long as the connection
        finally:
            transport.close()


class Relay(asyncio.DatagramProtocol):
    """Datagrams of one client, with their header (RFC 1928 section 7), and the replies to them."""

    def __init__(self, proxy: HonestSocks) -> None:
        self.proxy = proxy
        self.client: Place | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        if self.client in {None, addr[:2]}:
            self.client = addr[:2]
            host, port, rest = _unpack(data[3:])
            self.proxy.relayed.append((host, port, rest))
            self.transport.sendto(rest, (self.proxy.names.get(host, host), port))
            return
        packed = ip_address(addr[0]).packed
        head = b"\0\0\0" + bytes([4 if len(packed) == 16 else 1]) + packed + addr[1].to_bytes(2, "big")
        for datagram in self.proxy.odd(head + data):
            self.transport.sendto(datagram, self.client)


@dataclass
class HonestConnect(Honest):
    """An HTTP proxy."""

    heads: list[bytes] = field(default_factory=list)

    @property
    def server(self) -> Server:
        """For `serve`."""
        return Server("honest_connect", self.behave, "tcp")

    async def behave(self, conn: Conn) -> None:
        """One client."""
        head = await conn.reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        lines = head.decode().split("\r\n")
        host, _, port = lines[0].split(" ")[1].rpartition(":")
        if self.login is not None and _basic(lines) != self.login:
            await self.tell(conn, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        try:
            far = await self.reach(host.strip("[]"), int(port))
        except OSError:
            await self.tell(conn, b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        await self.tell(conn, b"HTTP/1.1 200 Connection established\r\nVia: lab\r\n\r\n")
        await pump(conn, *far)


def _basic(lines: list[str]) -> tuple[str, str] | None:
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "Proxy-Authorization":
            user, _, password = b64decode(value.removeprefix("Basic ")).decode().partition(":")
            return user, password
    return None


async def pump(conn: Conn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes both ways until either end is through."""

    async def one_way(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
            sink.write_eof()
        except OSError:  # a reset on one side ends the other
            sink.transport.abort()

    try:
        await asyncio.gather(one_way(conn.reader, writer), one_way(reader, conn.writer))
    finally:
        writer.transport.abort()


# ---- the client's side of a conversation -----------------------------------------------------------------------------


async def read_greeting(conn: Conn) -> bytes:
    """The methods offered."""
    _version, count = await conn.reader.readexactly(2)
    return await conn.reader.readexactly(count)


async def read_login(conn: Conn) -> tuple[str, str]:
    """User and password."""
    _version, size = await conn.reader.readexactly(2)
    user = await conn.reader.readexactly(size)
    password = await conn.reader.readexactly((await conn.reader.readexactly(1))[0])
    return user.decode(), password.decode()


async def read_request(conn: Conn) -> tuple[int, Place]:
    """Command and destination."""
    _version, command, _reserved, kind = await conn.reader.readexactly(4)
    if kind == 3:
        size = await conn.reader.readexactly(1)
        rest = size + await conn.reader.readexactly(size[0] + 2)
    else:
        rest = await conn.reader.readexactly((16 if kind == 4 else 4) + 2)
    host, port, _rest = _unpack(bytes([kind]) + rest)
    return command, (host, port)


def _unpack(data: bytes) -> tuple[str, int, bytes]:
    """Host, port and what follows, from where the type of the address stands."""
    start, size = {1: (1, 4), 4: (1, 16), 3: (2, data[1])}[data[0]]
    end = start + size
    host = data[start:end].decode() if data[0] == 3 else str(ip_address(data[start:end]))
    return host, int.from_bytes(data[end : end + 2], "big"), data[end + 2 :]


# ---- liars -----------------------------------------------------------------------------------------------------------

Step = Callable[[Conn], Awaitable[object]]


def socks_liar(*steps: Step | bytes) -> Server:
    """A proxy that waits for what the steps read and sends the bytes between them; at the end it closes."""

    async def behave(conn: Conn) -> None:
        for step in steps:
            await (conn.send(step) if isinstance(step, bytes) else step(conn))

    return Server("socks_liar", behave, "tcp")


async def silent(conn: Conn) -> None:
    """Say nothing more."""
    await conn.stay()


async def fin(conn: Conn) -> None:
    """A FIN, and nothing more."""
    await conn.end()


async def rst(conn: Conn) -> None:
    """A reset."""
    conn.reset()


def replying(code: int) -> Server:
    """A proxy that answers each request with a code of RFC 1928 section 6."""
    return socks_liar(read_greeting, b"\x05\x00", read_request, bytes([5, code, 0]) + NOWHERE, fin)


async def read_head(conn: Conn) -> None:
    """A request of HTTP up to its empty line."""
    await conn.reader.readuntil(b"\r\n\r\n")


def connect_liar(*steps: Step | bytes) -> Server:
    """A proxy that reads a CONNECT and then takes these steps."""
    return socks_liar(read_head, *steps)


def status(line: str) -> Server:
    """A proxy that answers a CONNECT with a status line and a short page."""
    page = b"<h1>no</h1>"
    return connect_liar(f"HTTP/1.1 {line}\r\nContent-Length: {len(page)}\r\n\r\n".encode() + page, fin)


def bytewise(data: bytes) -> tuple[Step, ...]:
    """Each byte in a segment of its own."""

    async def send(conn: Conn) -> None:
        conn.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(data)):
            await conn.send(data[number : number + 1])
            await asyncio.sleep(0)

    return (send,)
