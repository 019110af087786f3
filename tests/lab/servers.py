"""Servers on loopback that misbehave on purpose: `async with serve(reset_after_hello) as port`."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from struct import pack

from tests.lab.certificates import context_of

Behaviour = Callable[["Conn"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Conn:
    """One accepted connection, as a misbehaving server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> bytes:
        """What the client sends first: a hello, a request."""
        return await self.reader.read(65_536)

    async def send(self, data: bytes) -> None:
        """Put it on the wire now."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End with a RST."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        self.writer.transport.abort()

    async def end(self) -> None:
        """Send a FIN and keep listening, so that what the client still sends draws no RST."""
        self.writer.write_eof()
        await self.stay()

    async def stay(self) -> None:
        """Say nothing more until the test is over."""
        await asyncio.Event().wait()


class Leaving(Conn):
    """A connection that lasts as long as its client does, and no longer."""

    __slots__ = ()

    async def stay(self) -> None:
        """Read until the client goes."""
        while await self.reader.read(65_536):
            pass


@dataclass(frozen=True, slots=True)
class Server:
    """A misbehaviour, the probe type that meets it, and the certificate it shows (None: no TLS)."""

    name: str
    behave: Behaviour
    probe: str
    certificate: str | None = None
    version: ssl.TLSVersion | None = None


def meets(
    probe: str, certificate: str | None = None, version: ssl.TLSVersion | None = None
) -> Callable[[Behaviour], Server]:
    """Turn a behaviour into a server for a probe type."""
    return lambda behave: Server(behave.__name__, behave, probe, certificate, version)


TURNS = 5
"""Of the loop, from accepting a connection to the first line of its task (over TLS, to the start of the handshake)."""


@asynccontextmanager
async def serve(server: Server, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Run a server; gives its port."""
    tasks: set[asyncio.Task] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await server.behave(Conn(reader, writer))
        writer.transport.abort() if server.certificate else writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    context = context_of(server.certificate, server.version) if server.certificate else None
    listener = await asyncio.start_server(accept, host, port, ssl=context)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for _ in range(TURNS):  # the task of a connection that was accepted just now begins in one of the next turns
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


@contextmanager
def black_hole(host: str = "127.0.0.1") -> Iterator[int]:
    """A port that swallows each SYN: a listener of backlog 0 whose one place is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener, socket.socket(family) as first:
        listener.bind((host, 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        return sock.getsockname()[1]


# ---- in answer to a SYN ----------------------------------------------------------------------------------------------


@meets("tcp")
async def accepting(conn: Conn) -> None:
    await conn.stay()


# ---- in answer to a hello --------------------------------------------------------------------------------------------


@meets("tls", "good")
async def good_tls(conn: Conn) -> None:
    await conn.stay()


@meets("tls", "good", ssl.TLSVersion.TLSv1_2)
async def good_tls12(conn: Conn) -> None:
    await conn.stay()


@meets("tls")
async def reset_after_hello(conn: Conn) -> None:
    await conn.read()
    conn.reset()


@meets("tls")
async def fin_after_hello(conn: Conn) -> None:
    await conn.read()
    await conn.end()


@meets("tls")
async def fin_on_accept(conn: Conn) -> None:
    await conn.end()


@meets("tls")
async def close_on_accept(conn: Conn) -> None:
    conn.writer.close()


@meets("tls")
async def silent_after_hello(conn: Conn) -> None:
    await conn.stay()


@meets("tls")
async def page_instead_of_hello(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nblocked")
    await conn.end()


@meets("tls")
async def a_few_letters(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"no")
    await conn.stay()


@meets("tls")
async def noise_instead_of_hello(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"\x16\xff\x00" + bytes(range(200)))
    await conn.stay()


@meets("tls")
async def half_a_record_then_reset(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"\x16\x03\x03\x00\x7a\x02\x00")
    await asyncio.sleep(0.02)  # the client reads it before the RST throws it away
    conn.reset()


@meets("tls")
async def half_a_record_then_fin(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"\x16\x03\x03\x00\x7a\x02\x00")
    await conn.end()


@meets("tls")
async def half_a_record_then_silence(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"\x16\x03\x03\x00\x7a\x02\x00")
    await conn.stay()


@meets("tls")
async def nonsense_in_a_record(conn: Conn) -> None:
    await conn.read()
    await conn.send(b"\x16\x03\x03\x00\x04\x63\x00\x00\x00")
    await conn.stay()


def alerting(number: int, level: int = 2, *, then_reset: bool = False) -> Server:
    """A server that answers a hello with an alert."""

    async def behave(conn: Conn) -> None:
        await conn.read()
        await conn.send(bytes([21, 3, 3, 0, 2, level, number]))
        if then_reset:
            conn.reset()
        await conn.stay()

    return Server(f"alert_{number}", behave, "tls")


def showing(certificate: str) -> Server:
    """A server that shakes hands with a certificate of tests/lab/certificates.py."""
    return Server(f"showing_{certificate}", good_tls.behave, "tls", certificate)


def breaking_after_certificate(*, how: str) -> Server:
    """A TLS 1.2 server that shows its certificate and then breaks off."""

    async def behave(conn: Conn) -> None:
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context_of("good", ssl.TLSVersion.TLSv1_2).wrap_bio(into, out, server_side=True)
        into.write(await conn.read())
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        await conn.send(out.read())
        await conn.read()
        if how == "reset":
            conn.reset()
        await (conn.end() if how == "fin" else conn.stay())

    return Server(f"{how}_after_certificate", behave, "tls")


def freezing(size: int) -> Server:
    """A server whose TLS flight stops for ever after so many bytes."""

    async def behave(conn: Conn) -> None:
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context_of("long").wrap_bio(into, out, server_side=True)
        into.write(await conn.read())
        with suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        await conn.send(out.read()[:size])
        await conn.stay()

    return Server(f"frozen_after_{size}", behave, "tls")


# ---- in answer to a request ------------------------------------------------------------------------------------------


def answering(response: bytes, then: str = "end") -> Server:
    """A server that answers a request with these bytes, then does `end`, `reset` or `stay`."""

    async def behave(conn: Conn) -> None:
        await conn.read()
        await conn.send(response)
        await asyncio.sleep(0.02 if then == "reset" else 0)  # the client reads it before the RST throws it away
        if then == "reset":
            conn.reset()
        await (conn.end() if then == "end" else conn.stay())

    return Server(f"answer_{then}", behave, "http")


def secured(server: Server, certificate: str = "good") -> Server:
    """The same server behind TLS. A TLS stream has no half-close: `end` closes it."""

    async def behave(conn: Conn) -> None:
        with suppress(NotImplementedError):
            await server.behave(conn)

    return Server(f"{server.name}_tls", behave, server.probe, certificate)
