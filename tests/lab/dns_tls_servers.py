"""Resolvers over TLS and over HTTPS, honest and not, made of the lies of tests/lab/dns_servers.py.

`async with serve(over_tls(answer(TRUE))) as port: record = await ask(tls_at(port))`.
"""

from collections.abc import Mapping

from probes.clock import SystemClock
from probes.run import World
from tests.lab.certificates import lab_trusts
from tests.lab.dns_servers import Lie
from tests.lab.servers import Conn, Server

NAME = "web.whatsapp.com"
"""What the lab's good certificate is for, besides 127.0.0.1."""
MEDIA = "application/dns-message"


def tls_world(**changes) -> World:
    """A world in which the lab's authority is among the public ones."""
    return World(SystemClock(), trust=lambda name, alpn=(): lab_trusts()(_public(name), alpn), **changes)


def _public(name: str) -> str:
    assert name == "public", "a resolver is held against public authorities"
    return "lab"


def tls_at(port: int, name: str = "") -> str:
    """How an operator writes a resolver over TLS."""
    return f"tls://127.0.0.1:{port}{'#' if name else ''}{name}"


def https_at(port: int, name: str = "", path: str = "/dns-query") -> str:
    """How an operator writes a resolver over HTTPS."""
    return f"https://127.0.0.1:{port}{path}{'#' if name else ''}{name}"


def over_tls(lie: Lie, certificate: str = "good", asked: list[bytes] | None = None) -> Server:
    """A resolver that reads one framed question and answers it; `asked` collects questions."""

    async def behave(conn: Conn) -> None:
        size = int.from_bytes(await conn.reader.readexactly(2), "big")
        question = await conn.reader.readexactly(size)
        if asked is not None:
            asked.append(question)
        for sent in lie(question):
            framed = len(sent.data).to_bytes(2, "big") + sent.data
            await conn.send(framed[: sent.cut])
            if sent.cut is not None:
                return
        await conn.stay()

    return Server("dns_over_tls", behave, "dns", certificate)


async def read_request(conn: Conn) -> tuple[str, dict[str, str], bytes]:
    """The request line, the headers in small letters, and the body of a POST."""
    head = (await conn.reader.readuntil(b"\r\n\r\n")).decode()
    line, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _colon, value in (one.partition(": ") for one in rest)}
    return line, headers, await conn.reader.readexactly(int(headers["content-length"]))


def over_https(
    lie: Lie,
    certificate: str = "good",
    *,
    status: str = "200 OK",
    media: str = MEDIA,
    requests: list[tuple[str, Mapping[str, str], bytes]] | None = None,
) -> Server:
    """A resolver that reads one POST and answers it with a message; `requests` collects them."""

    async def behave(conn: Conn) -> None:
        request = await read_request(conn)
        if requests is not None:
            requests.append(request)
        for sent in lie(request[2]):
            head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(sent.data)}\r\n\r\n"
            await conn.send(head.encode() + sent.data[: sent.cut])
            if sent.cut is not None:
                return
        await conn.stay()

    return Server("dns_over_https", behave, "dns", certificate)


def raw_https(response: bytes) -> Server:
    """A server that answers a POST with these bytes and closes."""

    async def behave(conn: Conn) -> None:
        await read_request(conn)
        await conn.send(response)

    return Server("raw_https", behave, "dns", "good")
