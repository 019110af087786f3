"""The http phase: one GET, its status, and at most 256 KB of the body; nothing is followed."""

from collections.abc import Awaitable, Callable
from functools import lru_cache

import h11

from probes.failure import Fault
from probes.record import Kind, Phase, content_hash
from probes.run import Run
from probes.steps.http_block_pages import refuse_body, refuse_location
from probes.steps.stream import Stream

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BODY = 262_144
"""Bytes of a body that are read."""
WIRE = 2 * BODY
"""Bytes of a response that are read, framing and interim answers included."""
TEXT = 300
"""Characters of a header that are kept."""
KEPT = frozenset({b"location", b"server"})
"""Headers that are facts."""
LEGAL = 451
"""RFC 7725: unavailable for legal reasons."""
SERVER_ERRORS = 500
END = h11.EndOfMessage()


async def request(run: Run, stream: Stream, authority: str, path: str, expect: tuple[int, ...] = ()) -> None:
    """GET a path; facts: status, location, server, body, first_byte, and on a broken body extra.body_bytes.

    `authority` is the Host header. Known block pages are failures, whatever their status; statuses 451 and from 500
    are, unless `expect` says which are not.
    """
    async with run.phase(Phase.HTTP):
        run.note(first_byte=None)
        exchange = Exchange(run, stream)
        await exchange.ask(_question(authority, path))
        await exchange.reply(authority, expect)


async def next_event(http: h11.Connection, read: Callable[[], Awaitable[None]]) -> object:
    """The next event of a response; `read` gives h11 more. Raises EOFError, OSError, and Fault for what is no HTTP."""
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError as error:
            if http.trailing_data[1]:  # it broke because the stream ended
                raise EOFError from error
            raise Fault(Kind.HTTP_JUNK, str(error)) from error
        if type(event) is h11.ConnectionClosed:
            raise EOFError
        if event is h11.PAUSED:
            raise Fault(Kind.HTTP_JUNK, "an upgrade that nobody asked for")
        if event is not h11.NEED_DATA:
            return event
        await read()


class Exchange:
    """One request and its response over a stream."""

    __slots__ = ("http", "read", "run", "stream")

    def __init__(self, run: Run, stream: Stream) -> None:
        """Nothing is sent yet."""
        self.run = run
        self.stream = stream
        self.http = h11.Connection(h11.CLIENT)
        self.read = 0

    async def ask(self, question: h11.Request, body: bytes = b"") -> None:
        """Send a request."""
        head = self.http.send(question) or b""
        data = self.http.send(h11.Data(body)) if body else None
        await self.stream.send(head + (data or b"") + (self.http.send(END) or b""))

    async def reply(self, authority: str, expect: tuple[int, ...] = (), most: int = BODY) -> None:
        """Read the reply, at most so many bytes of its body, and judge it. Raises as `request` fails."""
        status = await self.head()
        refuse_location(self.run, authority.partition(":")[0])
        refuse_body(await self.body(most))
        if not _is_fine(status, expect):
            raise Fault(Kind.HTTP_STATUS, str(status))

    async def head(self) -> int:
        """The final status; facts: status, location, server."""
        await self._read()
        while not isinstance(event := await self._event(), h11.Response):
            pass  # 100, 103: there is more to come
        self.run.note(status=event.status_code)
        for name, value in event.headers:
            if name in KEPT:
                self.run.note(**{name.decode(): value.decode("latin-1")[:TEXT]})
        return event.status_code

    async def body(self, most: int = BODY) -> bytes:
        """Read the body to its end or the cap; facts: body, or how many bytes came before it broke."""
        kept = bytearray()
        complete = False
        try:
            while len(kept) < most and isinstance(event := await self._event(), h11.Data):
                kept += event.data
            complete = True
        finally:
            if complete:
                self.run.note(body=content_hash(bytes(kept[:most])))
            else:
                self.run.note(extra={"body_bytes": str(len(kept))})
        return bytes(kept[:most])

    async def _event(self) -> object:
        """The next event. Raises EOFError, OSError, and Fault for what is no HTTP."""
        if not self.read:
            await self._read()
        return await next_event(self.http, self._read)

    async def _read(self) -> None:
        data = await self.stream.receive()
        if data and not self.read:
            self.run.note(first_byte=round(self.run.elapsed(), 6))
            if not b"HTTP/".startswith(data[:5]):  # h11 would wait for the end of a line that may never come
                raise Fault(Kind.HTTP_JUNK, ascii(data[:24])[2:-1])
        self.read += len(data)
        if self.read > WIRE:
            raise Fault(Kind.HTTP_JUNK, "endless framing around little content")
        self.http.receive_data(data)


@lru_cache(maxsize=4096)
def _question(authority: str, path: str) -> h11.Request:
    """The request; checking its headers is the costly part, so each is made once."""
    headers = [
        ("Host", authority),
        ("User-Agent", USER_AGENT),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Connection", "close"),
    ]
    return h11.Request(method="GET", target=path, headers=headers)


def _is_fine(status: int, expect: tuple[int, ...]) -> bool:
    if expect:
        return status in expect
    return status != LEGAL and status < SERVER_ERRORS
