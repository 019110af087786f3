"""One question over HTTPS: a POST whose body is the question, and a reply whose body is the answer (RFC 8484)."""

from functools import lru_cache

import h11

from probes.failure import Fault
from probes.record import Answer, Kind
from probes.run import Run
from probes.steps.dns_tcp import reply
from probes.steps.dns_tls import secured
from probes.steps.request import next_event
from probes.steps.resolver import PORTS, Resolver
from probes.steps.stream import Stream

MEDIA = "application/dns-message"
OK = 200
LARGEST = 65_535
"""Bytes of a DNS message."""
WIRE = 2 * LARGEST
"""Bytes of a response that are read, headers and framing included."""


async def ask_https(run: Run, resolver: Resolver, query: bytes) -> Answer:
    """Connect, shake hands, post and return the reply, all within the DNS phase; a status other than 200 is a failure.

    The id stays 0, as RFC 8484 section 4.1 has it: the connection says what belongs together.
    """
    stream = await secured(run, resolver)
    http = h11.Connection(h11.CLIENT)
    head = http.send(_request(_authority(resolver), resolver.path, len(query))) or b""
    await stream.send(head + (http.send(h11.Data(query)) or b"") + (http.send(h11.EndOfMessage()) or b""))
    return reply(run, query, await Response(stream, http).body(), "https")


class Response:
    """A response under way."""

    __slots__ = ("http", "read", "stream")

    def __init__(self, stream: Stream, http: h11.Connection) -> None:
        """The request has been sent."""
        self.stream = stream
        self.http = http
        self.read = 0

    async def body(self) -> bytes:
        """The whole body. Raises Fault for another status, another type, what is no HTTP or far too much; EOFError."""
        while not isinstance(event := await next_event(self.http, self._receive), h11.Response):
            pass  # 100, 103: there is more to come
        _check(event)
        kept = bytearray()
        while isinstance(event := await next_event(self.http, self._receive), h11.Data):
            kept += event.data
        return bytes(kept)

    async def _receive(self) -> None:
        data = await self.stream.receive()
        if data and not self.read and not b"HTTP/".startswith(data[:5]):
            # h11 would wait for the end of a line that may never come
            raise Fault(Kind.HTTP_JUNK, ascii(data[:24])[2:-1])
        self.read += len(data)
        if self.read > WIRE:
            raise Fault(Kind.HTTP_JUNK, "far more than a DNS message")
        self.http.receive_data(data)


def _check(response: h11.Response) -> None:
    """Raises Fault for what cannot be an answer: the fact `status` then is the resolver's."""
    if response.status_code != OK:
        raise Fault(Kind.HTTP_STATUS, str(response.status_code), status=response.status_code)
    types = [value.partition(b";")[0].strip().lower() for name, value in response.headers if name == b"content-type"]
    if types != [MEDIA.encode()]:
        said = ascii(b", ".join(types)[:60])[2:-1] or "no type"
        raise Fault(Kind.DNS_MISBEHAVING, f"{said} over https instead of {MEDIA}", status=response.status_code)


def _authority(resolver: Resolver) -> str:
    """The Host header."""
    host = f"[{resolver.host}]" if ":" in resolver.host else resolver.host
    return host if resolver.port == PORTS["https"] else f"{host}:{resolver.port}"


@lru_cache(maxsize=256)
def _request(authority: str, path: str, size: int) -> h11.Request:
    """The head of the question; no header tells one client from another."""
    headers = [
        ("Host", authority),
        ("Accept", MEDIA),
        ("Content-Type", MEDIA),
        ("Content-Length", str(size)),
        ("Connection", "close"),
    ]
    return h11.Request(method="POST", target=path, headers=headers)
