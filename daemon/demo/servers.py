"""Servers on loopback that can lie: a resolver that denies names, listeners that stop answering, a small web site."""

import asyncio
import socket
import ssl
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n"
ZONE = ("test.", 60, "IN", "SOA", "ns.test. hostmaster.test. 1 3600 600 86400 60")
"""A true denial carries the zone's SOA (RFC 2308 section 3)."""

BACKLOG = 64
"""Connections that may wait to be accepted while a listener speaks."""


@dataclass(slots=True)
class Resolver(asyncio.DatagramProtocol):
    """A DNS server over UDP: names to addresses, and the names that it denies for now."""

    names: dict[str, str]
    denied: set[str] = field(default_factory=set)
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        if self.transport is not None:
            self.transport.sendto(self.answer(dns.message.from_wire(data)).to_wire(), addr)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """NXDOMAIN for unknown and denied names, the address for A, nothing for other types."""
        reply = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        address = None if name in self.denied else self.names.get(name)
        if address is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
            reply.authority.append(dns.rrset.from_text(*ZONE))
        elif question.rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", address))
        return reply


async def serve_names(resolver: Resolver, address: str, closing: ExitStack) -> int:
    """Listen on a free UDP port of an address and return it."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: resolver, local_addr=(address, 0))
    closing.callback(transport.close)
    return int(transport.get_extra_info("sockname")[1])


@dataclass(slots=True)
class Listener:
    """A TCP server that can fall silent: with a full backlog the kernel drops every SYN, as a filter does."""

    sock: socket.socket
    context: ssl.SSLContext | None
    open: set[asyncio.Task[None]] = field(default_factory=set)
    fillers: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.sock.getsockname()[1])

    def resume(self) -> None:
        """Accept connections (again)."""
        for filler in self.fillers:
            filler.close()
        self.fillers.clear()
        self.sock.listen(BACKLOG)
        asyncio.get_running_loop().add_reader(self.sock, self._accept)

    def fall_silent(self) -> None:
        """Accept nothing from now on: two connections fill the queue of a backlog of 0, then SYNs go unanswered."""
        asyncio.get_running_loop().remove_reader(self.sock)
        self.sock.listen(0)
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.sock.getsockname())
            self.fillers.append(filler)

    def close(self) -> None:
        """Stop for good."""
        asyncio.get_running_loop().remove_reader(self.sock)
        for sock in (self.sock, *self.fillers):
            sock.close()
        for task in self.open:
            task.cancel()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                sock, _peer = self.sock.accept()
                task = asyncio.get_running_loop().create_task(_talk(sock, self.context))
                self.open.add(task)
                task.add_done_callback(self.open.discard)


def listen(address: str, context: ssl.SSLContext | None, closing: ExitStack, port: int = 0) -> Listener:
    """A listener on an address (port 0: any free one), accepting; with a context it speaks TLS."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind((address, port))
    listener = Listener(sock, context)
    closing.callback(listener.close)
    listener.resume()
    return listener


async def _talk(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    """Speak with one client: the page for those that ask, silence for those that only connect."""
    writer = None
    try:
        reader, writer = await _streams(sock, context)
        if await reader.read(65_536):
            writer.write(PAGE)
            await writer.drain()
    except (OSError, EOFError, TimeoutError):
        sock.close()
    finally:
        if writer is not None:
            writer.close()


async def _streams(
    sock: socket.socket, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over an accepted socket, as the server side of TLS where there is a context."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
