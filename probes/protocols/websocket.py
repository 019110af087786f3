"""Does a server open a web socket, and does it speak on it?"""

from typing import Self

from pydantic import field_validator, model_validator

from probes.plugin import PROBES
from probes.record import Phase
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.handshake import handshake
from probes.steps.resolve import resolve
from probes.steps.trust import HTTP_1_1
from probes.steps.upgrade import upgrade
from probes.steps.url import SOCKETS, UrlTarget


class Websocket(UrlTarget):
    """Options of the websocket probe."""

    traffic = 9_000
    schemes = SOCKETS

    target: str
    """An operator sets this to the web socket that is opened: `wss://ws-api.oneme.ru/websocket`."""
    origin: str = ""
    """An operator sets this when the server takes only the pages of its own site: `https://web.max.ru`."""
    text: str = ""
    """An operator sets this when the server answers a first message that is text."""
    hex: str = ""
    """An operator sets this when the server answers a first message that is binary: its bytes in hexadecimal."""
    answer: bool = False
    """An operator sets this when the server says something, by itself or to the first message: the first of it is
    waited for."""

    @field_validator("origin")
    @classmethod
    def _is_header(cls, origin: str) -> str:
        if not (origin.isascii() and (origin.isprintable() or not origin)):
            raise ValueError("an origin is written like https://example.org, in plain letters")
        return origin

    @field_validator("hex")
    @classmethod
    def _is_hex(cls, digits: str) -> str:
        bytes.fromhex(digits)
        return digits

    @model_validator(mode="after")
    def _has_one_message(self) -> Self:
        if self.text and self.hex:
            raise ValueError("text and hex are both the first message: write one of them")
        return self


@PROBES.add
async def websocket(run: Run, options: Websocket) -> None:
    """Resolve, connect, shake hands where the URL says so, upgrade; then say and hear what the options say."""
    url = options.url
    address = await resolve(run, url.host)
    stream = await connect(run, address, url.port)
    if url.secure:
        stream = await handshake(run, stream, url.host, options.trust, HTTP_1_1)
    socket = await upgrade(run, stream, url, options.origin)
    if not (options.text or options.hex or options.answer):
        return
    async with run.phase(Phase.APP):
        run.note(first_byte=None)
        if options.text:
            await socket.say(options.text)
        if options.hex:
            await socket.send(bytes.fromhex(options.hex))
        if options.answer:
            await socket.message()
