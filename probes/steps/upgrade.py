"""The http phase of a web socket: the upgrade, and the messages that pass once it is accepted."""

from collections import deque
from typing import NoReturn

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from probes.failure import Fault
from probes.record import Kind, Phase
from probes.run import Run
from probes.steps.request import KEPT, TEXT, USER_AGENT
from probes.steps.stream import Stream
from probes.steps.url import Url

WIRE = 262_144
"""Bytes that are read, the upgrade and all messages."""


class WebSocket:
    """A web socket over another stream: a stream itself, whose bytes travel in binary messages."""

    __slots__ = ("events", "inner", "junk", "opened", "read", "run", "wire")

    def __init__(self, run: Run, inner: Stream) -> None:
        """Nothing is sent yet."""
        self.run = run
        self.inner = inner
        self.wire = WSConnection(ConnectionType.CLIENT)
        self.events: deque[Event] = deque()
        self.junk = Kind.HTTP_JUNK
        self.opened = False
        self.read = 0

    async def open(self, url: Url, origin: str) -> None:
        """Ask for the upgrade and wait for the answer. Raises Fault, EOFError and OSError."""
        headers = [(b"User-Agent", USER_AGENT.encode())]
        if origin:
            headers.append((b"Origin", origin.encode()))
        await self.inner.send(self.wire.send(Request(host=url.authority, target=url.path, extra_headers=headers)))
        while not isinstance(event := await self._event(), AcceptConnection | RejectConnection):
            pass
        if isinstance(event, RejectConnection):
            self._refused(event)
        self.run.note(status=101)
        self.junk = Kind.APP_JUNK
        self.opened = True
        self.read = 0

    async def send(self, data: bytes) -> None:
        """Send a binary message. Raises OSError."""
        await self.inner.send(self.wire.send(BytesMessage(data=data)))

    async def say(self, text: str) -> None:
        """Send a text message. Raises OSError."""
        await self.inner.send(self.wire.send(TextMessage(data=text)))

    async def receive(self) -> bytes:
        """The next bytes of messages. Raises EOFError, OSError, and Fault for what is no web socket."""
        while not (data := await self.message()):
            pass
        return data

    async def message(self) -> bytes:
        """What has come of the next message, a text as UTF-8. Raises as `receive`; fact: extra.close_code."""
        while not isinstance(event := await self._event(), Message):
            if isinstance(event, CloseConnection):
                self._closed(event)
            if isinstance(event, Ping):
                await self.inner.send(self.wire.send(event.response()))
        return event.data.encode() if isinstance(event.data, str) else bytes(event.data)

    def _closed(self, event: CloseConnection) -> NoReturn:
        if self.wire.state is ConnectionState.OPEN:  # how wsproto says that it could not read what came
            raise Fault(self.junk, str(event.reason))
        self.run.note(extra={"close_code": str(int(event.code))})
        raise EOFError

    def _refused(self, event: RejectConnection) -> NoReturn:
        self.run.note(status=event.status_code)
        for name, value in event.headers:
            if name in KEPT:
                self.run.note(**{name.decode(): value.decode("latin-1")[:TEXT]})
        raise Fault(Kind.HTTP_STATUS, str(event.status_code))

    async def _event(self) -> Event:
        while not self.events:
            data = await self.inner.receive()
            if not data:
                raise EOFError
            self._look_at(data)
            try:
                self.wire.receive_data(data)
                self.events.extend(self.wire.events())
            except RemoteProtocolError as error:
                raise Fault(self.junk, str(error)) from error
        return self.events.popleft()

    def _look_at(self, data: bytes) -> None:
        """Note when the first bytes came. Raises Fault for too many, and for what cannot become HTTP."""
        if not self.read:
            self.run.note(first_byte=round(self.run.elapsed(), 6))
            if not self.opened and not b"HTTP/".startswith(data[:5]):  # a line that never ends would be waited for
                raise Fault(self.junk, ascii(data[:24])[2:-1])
        self.read += len(data)
        if self.read > WIRE:
            raise Fault(self.junk, "endless bytes and no message")


async def upgrade(run: Run, stream: Stream, url: Url, origin: str = "") -> WebSocket:
    """Turn a connection into a web socket; facts: status, location, server (of a refusal), first_byte."""
    async with run.phase(Phase.HTTP):
        run.note(first_byte=None)
        socket = WebSocket(run, stream)
        await socket.open(url, origin)
    return socket
