"""Servers of chats and web sockets, honest and lying: `async with serve(honest_chat) as port`."""

import base64
import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from probes.record import Kind, Record
from probes.steps.noise import Handshake
from probes.steps.whatsapp_hello import (
    CLIENT_HELLO,
    EPHEMERAL,
    HEADER,
    PAYLOAD,
    SERVER_HELLO,
    STATIC,
    fields,
    framed,
    written,
)
from tests.lab.runs import SILENCE, SLOW, Outcome, measure, outcome
from tests.lab.servers import Conn, Server, meets, serve

CERTIFICATE = b"a chain of certificates"
TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89


async def chat_check(served: Server, expect: Outcome | None = None, path: str = "", **options) -> Record:
    """Have a chat (a path makes it a web socket) measured by its probe type; compare how the run ended."""
    timeout = SILENCE if expect and expect[1] is Kind.TIMEOUT else SLOW
    async with serve(served) as port:
        scheme = "wss" if served.certificate else "ws"
        target = f"{scheme}://127.0.0.1:{port}{path}" if path else f"127.0.0.1:{port}"
        record = await measure(served.probe, target, timeout=timeout, **options)
    assert outcome(record) == expect, record
    return record


# ---- what is said ----------------------------------------------------------------------------------------------------


def respond(hello: bytes, *, wrong_key: bool = False) -> bytes:
    """The framed answer of a Noise responder to a first flight; with a wrong key, of one that does not share it."""
    assert hello[:4] == HEADER
    assert len(hello) == 7 + int.from_bytes(hello[4:7])
    theirs = fields(fields(hello[7:])[CLIENT_HELLO])[EPHEMERAL]
    state, static = Handshake(HEADER), X25519PrivateKey.generate()
    state.hear(theirs)
    state.hear(state.public)
    state.agree(X25519PrivateKey.generate() if wrong_key else state.private, theirs)
    sealed = state.seal(static.public_key().public_bytes_raw())
    state.agree(static, theirs)
    said = {EPHEMERAL: state.public, STATIC: sealed, PAYLOAD: state.seal(CERTIFICATE)}
    return framed(written({SERVER_HELLO: written(said)}))


async def asked(conn: Conn) -> bytes:
    """The whole request for an upgrade."""
    return await conn.reader.readuntil(b"\r\n\r\n")


async def accept(conn: Conn) -> bytes:
    """Accept an upgrade; gives the request."""
    question = await asked(conn)
    key = question.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
    token = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324  RFC 6455 asks for it
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    await conn.send(head + b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n")
    return question


async def heard(conn: Conn) -> tuple[int, bytes]:
    """First byte and content of a client's frame."""
    first, length = await conn.reader.readexactly(2)
    size = length & 127
    if size == 126:
        size = int.from_bytes(await conn.reader.readexactly(2))
    mask = await conn.reader.readexactly(4)
    content = await conn.reader.readexactly(size)
    return first, bytes(byte ^ mask[at % 4] for at, byte in enumerate(content))


def frame(first: int, content: bytes) -> bytes:
    """A server's frame."""
    length = bytes([len(content)]) if len(content) < 126 else b"\x7e" + len(content).to_bytes(2)
    return bytes([first]) + length + content


# ---- chats -----------------------------------------------------------------------------------------------------------


@meets("whatsapp")
async def honest_chat(conn: Conn) -> None:
    await conn.send(respond(await conn.read()))
    await conn.stay()


@meets("whatsapp")
async def dribbling_chat(conn: Conn) -> None:
    for byte in respond(await conn.read()):
        await conn.send(bytes([byte]))
    await conn.stay()


@meets("whatsapp")
async def wrong_key_chat(conn: Conn) -> None:
    await conn.send(respond(await conn.read(), wrong_key=True))
    await conn.stay()


@meets("whatsapp")
async def silent_chat(conn: Conn) -> None:
    await conn.stay()


@meets("whatsapp")
async def closing_chat(conn: Conn) -> None:
    await conn.read()
    await conn.end()


@meets("whatsapp")
async def cut_chat(conn: Conn) -> None:
    await conn.send(respond(await conn.read())[:40])
    await conn.end()


@meets("whatsapp")
async def resetting_chat(conn: Conn) -> None:
    await conn.read()
    conn.reset()


def saying_chat(junk: bytes) -> Server:
    """One that answers a hello with these bytes."""

    @meets("whatsapp")
    async def junk_chat(conn: Conn) -> None:
        await conn.read()
        await conn.send(junk)
        await conn.stay()

    return junk_chat


# ---- web sockets -----------------------------------------------------------------------------------------------------


@meets("websocket")
async def echoing(conn: Conn) -> None:
    await accept(conn)
    await conn.send(frame(PING, b"?"))
    await conn.send(frame(*await heard(conn)))
    await conn.stay()


@meets("websocket", "good")
async def echoing_over_tls(conn: Conn) -> None:
    await accept(conn)
    await conn.send(frame(*await heard(conn)))
    await conn.stay()


def chat_over_socket(certificate: str | None = None) -> Server:
    """The honest chat behind an upgrade that asks for the origin of the web client."""

    @meets("whatsapp", certificate)
    async def chat(conn: Conn) -> None:
        assert b"Origin: https://web.whatsapp.com\r\n" in await accept(conn)
        first, content = await heard(conn)
        await conn.send(frame(first, respond(content)))
        await conn.stay()

    return chat


def refusing(head: bytes, probe: str = "websocket") -> Server:
    """One that answers the request with this head (or junk)."""

    @meets(probe)
    async def refuse(conn: Conn) -> None:
        await asked(conn)
        await conn.send(head)
        await conn.stay()

    return refuse


@meets("websocket")
async def silent_to_upgrade(conn: Conn) -> None:
    await conn.stay()


@meets("websocket")
async def closing_on_upgrade(conn: Conn) -> None:
    await asked(conn)
    await conn.end()


@meets("websocket")
async def resetting_on_upgrade(conn: Conn) -> None:
    await asked(conn)
    conn.reset()


def upgraded(then: str, content: bytes = b"", probe: str = "websocket") -> Server:
    """One that accepts, says this, and then stays, ends or resets once the client has spoken."""

    @meets(probe)
    async def behave(conn: Conn) -> None:
        await accept(conn)
        await heard(conn)
        if content:
            await conn.send(content)
        ending: dict[str, Callable] = {"stay": conn.stay, "end": conn.end}
        if then == "reset":
            conn.reset()
        else:
            await ending[then]()

    return behave
