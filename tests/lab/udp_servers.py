"""Servers over datagrams, honest and lying: STUN, an echo peer, QUIC, silence."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from tests.lab.certificates import key_and_chain

COOKIE = bytes.fromhex("2112a442")
Place = tuple[str, int]
Say = Callable[[bytes, Place], Iterable[bytes]]
"""What is answered to a datagram from a place."""


class Answering(asyncio.DatagramProtocol):
    """Answers each datagram with what `say` gives."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Place) -> None:
        for answer in self.say(data, addr):
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def answering(say: Say, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """A server of datagrams on this machine; gives `address:port`, an IPv6 address in brackets."""
    loop = asyncio.get_running_loop()
    transport, _protocol = await loop.create_datagram_endpoint(lambda: Answering(say), (host, 0))
    try:
        yield place_of(transport)
    finally:
        transport.close()
        await asyncio.sleep(0)


def place_of(transport) -> str:
    """Where a transport listens, as targets are written."""
    host, port = transport.get_extra_info("sockname")[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def silent(data: bytes, place: Place) -> Iterable[bytes]:
    """Nothing, as where packets are dropped."""
    return ()


def echo(data: bytes, place: Place) -> Iterable[bytes]:
    """The same bytes."""
    return (data,)


def junk(data: bytes, place: Place) -> Iterable[bytes]:
    """Bytes that are no STUN."""
    return (b"HTTP/1.1 400 Bad Request\r\n\r\n",)


def stun(data: bytes, place: Place) -> Iterable[bytes]:
    """An honest binding response, masked."""
    port = place[1] ^ 0x2112
    packed = ip_address(place[0]).packed
    address = bytes(a ^ b for a, b in zip(packed, data[4:20], strict=False))  # cookie and transaction (RFC 8489 14.2)
    family = b"\0\2" if len(packed) == 16 else b"\0\1"
    return (message(0x0101, data[8:20], 0x0020, family + port.to_bytes(2) + address),)


def plain_mapped(data: bytes, place: Place) -> Iterable[bytes]:
    """An answer of RFC 3489 from behind an address translator: another port."""
    return (message(0x0101, data[8:20], 0x0001, b"\0\1" + (place[1] ^ 1).to_bytes(2) + b"\xcb\0\x71\5"),)


def unauthorised(data: bytes, place: Place) -> Iterable[bytes]:
    """The error 401."""
    return (message(0x0111, data[8:20], 0x0009, b"\0\0\4\1Unauthorized"),)


def wrong_transaction_first(data: bytes, place: Place) -> Iterable[bytes]:
    """An answer to somebody else's question, then the true one."""
    return (message(0x0101, b"x" * 12, 0x0001, bytes(8)), *stun(data, place))


def after(times: int, say: Say) -> Say:
    """Silence to the first datagrams."""
    seen: list[bytes] = []

    def later(data: bytes, place: Place) -> Iterable[bytes]:
        seen.append(data)
        return say(data, place) if len(seen) > times else ()

    return later


def message(kind: int, transaction: bytes, attribute: int, value: bytes) -> bytes:
    """A STUN message with one attribute."""
    padded = value + bytes(-len(value) % 4)
    body = attribute.to_bytes(2) + len(value).to_bytes(2) + padded
    return kind.to_bytes(2) + len(body).to_bytes(2) + COOKIE + transaction + body


def versions(data: bytes, place: Place) -> Iterable[bytes]:
    """A list of versions that nobody speaks, whatever is asked."""
    own = data[6 : 6 + data[5]]
    at = 6 + data[5]
    theirs = data[at + 1 : at + 1 + data[at]]
    ends = bytes([len(theirs)]) + theirs + bytes([len(own)]) + own
    return (b"\xc0" + bytes(4) + ends + b"\x1a\x2a\x3a\x4a",)


def only_unknown_versions(data: bytes, place: Place) -> Iterable[bytes]:
    """Silence to a handshake, an answer to a version that nobody speaks: a filter that looks at names."""
    return versions(data, place) if data[1:5] == b"\xba\xba\xba\xba" else ()


@asynccontextmanager
async def quic(certificate: str = "good", alpn: str = "h3", host: str = "127.0.0.1") -> AsyncIterator[str]:
    """A true QUIC server that shows a certificate; gives `address:port`, an IPv6 address in brackets."""
    made = QuicConfiguration(is_client=False, alpn_protocols=[alpn])
    pem = key_and_chain(certificate)
    made.private_key = load_pem_private_key(pem, None)
    made.certificate, *made.certificate_chain = load_pem_x509_certificates(pem)
    server = await serve(host, 0, configuration=made)
    try:
        yield place_of(server._transport)
    finally:
        server.close()
        await asyncio.sleep(0)
