"""Each probe type's exchange over a bare socket: what it costs without phases, facts, classification and a record."""

import asyncio
import os
import secrets
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import dns.message
from aioquic.asyncio.client import connect
from aioquic.quic.configuration import QuicConfiguration
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from bench.cost import bare_https, bare_tcp, bare_tls, shake
from probes.clock import SystemClock
from probes.steps.mtproto import ciphers, fingerprints, framed, length_of, opening, question, shown
from probes.steps.noise import Handshake
from probes.steps.stun import read, request
from probes.steps.whatsapp_hello import HEADER, first_flight, server_hello

Place = tuple[str, int]
Bare = Callable[[Place, ssl.SSLContext], Awaitable[None]]
NAME = "web.whatsapp.com"


@contextmanager
def _socket(kind: int = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    with socket.socket(type=kind | socket.SOCK_NONBLOCK) as sock:
        yield sock


async def _asked(place: Place, question: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    with _socket(socket.SOCK_DGRAM) as sock:
        sock.connect(place)
        await loop.sock_sendall(sock, question)
        return await loop.sock_recv(sock, 4096)


async def bare_dns(place: Place, _context: ssl.SSLContext) -> None:
    """One question by dnspython, one answer."""
    dns.message.from_wire(await _asked(place, dns.message.make_query(NAME, "A").to_wire()))


async def bare_stun(place: Place, _context: ssl.SSLContext) -> None:
    """A binding request and its answer."""
    transaction = secrets.token_bytes(12)
    read(await _asked(place, request(transaction)), transaction)


async def bare_websocket(place: Place, context: ssl.SSLContext) -> None:
    """Connect, shake hands, upgrade by wsproto."""
    loop = asyncio.get_running_loop()
    wire = WSConnection(ConnectionType.CLIENT)
    with _socket() as sock:
        await loop.sock_connect(sock, place)
        tls, into, out = await shake(sock, place[0], context)
        tls.write(wire.send(Request(host="{}:{}".format(*place), target="/")))
        await loop.sock_sendall(sock, out.read())
        while not any(isinstance(event, AcceptConnection) for event in wire.events()):
            try:
                wire.receive_data(tls.read())
            except ssl.SSLWantReadError:
                into.write(await loop.sock_recv(sock, 65_536))


async def bare_whatsapp(place: Place, _context: ssl.SSLContext) -> None:
    """Connect, a hello in Noise, the answer decrypted."""
    loop = asyncio.get_running_loop()
    noise = Handshake(HEADER)
    noise.hear(noise.public)
    with _socket() as sock:
        await loop.sock_connect(sock, place)
        await loop.sock_sendall(sock, first_flight(noise.public))
        got = b""
        while len(got) < 3 or len(got) < 3 + int.from_bytes(got[:3]):
            got += await loop.sock_recv(sock, 65_536)
    noise.answered(*server_hello(got[3:]))


async def bare_telegram(place: Place, _context: ssl.SSLContext) -> None:
    """Connect, the first question obfuscated, the answer checked."""
    loop = asyncio.get_running_loop()
    nonce, begun = os.urandom(16), opening()
    encrypt, decrypt = ciphers(begun)
    with _socket() as sock:
        await loop.sock_connect(sock, place)
        said = shown(begun, encrypt) + encrypt(framed(question(nonce, SystemClock().wall())))
        await loop.sock_sendall(sock, said)
        got = b""
        while (length := length_of(got)) is None or len(got) < 4 + length:
            got += decrypt(await loop.sock_recv(sock, 65_536))
    fingerprints(got[4 : 4 + length], nonce)


def bare_quic(configuration: QuicConfiguration) -> Bare:
    """A handshake by the library's own client."""

    async def bare(place: Place, _context: ssl.SSLContext) -> None:
        async with connect(*place, configuration=configuration, wait_connected=True):
            pass

    return bare


BARE: dict[str, Bare] = {
    "dns": bare_dns,
    "tcp": bare_tcp,
    "tls": bare_tls,
    "http": bare_https,
    "signal": bare_https,
    "websocket": bare_websocket,
    "whatsapp": bare_whatsapp,
    "telegram": bare_telegram,
    "stun": bare_stun,
}
