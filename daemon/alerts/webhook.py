"""Alerts of type webhook: JSON by POST, signed so that the receiver can tell it from anybody else's."""

import hashlib
import hmac
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from config.document import Document
from config.vantage import VantageSetting
from daemon.alerts.answers import Verdict, judge, said
from daemon.alerts.channel import PREFIX, Channel
from daemon.alerts.messages import Message, trial
from daemon.alerts.way import connector_options
from daemon.fitness import Finding
from daemon.outlets import Outlet
from daemon.sinks.answers import WORDS, Answer, retry_after
from daemon.sinks.destination import Patience
from probes.clock import Clock
from probes.record import short_hash

# aiohttp is imported where it is used: 15 MB that a daemon without alerts saves.

TYPE = "webhook"
PATIENT = Patience(total=10.0, connect=5.0, read=10.0)
TOKEN = 8
"""Characters from which a piece of a URL's path may be a token."""
LINGER = 1.0
"""Seconds that rows gather: an event is hardly ever confirmed within one."""
REMEDIES = {
    Verdict.BUSY: "look whether the receiver runs, and at url and via; messages wait until it answers",
    Verdict.REFUSED: "look at url and secret, here and at the receiver",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook is and what signs for us; nothing that its repr shows lets anybody post there."""

    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    via: VantageSetting | None = None

    @property
    def shown(self) -> str:
        """The receiver without path and query: many services put a token there."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def scrub(self, text: str) -> str:
        """A text without what is secret, whoever wrote it."""
        parts = urlsplit(self.url)
        tokens = [piece for piece in parts.path.split("/") if len(piece) >= TOKEN]
        for hidden in (self.secret, self.url, f"{parts.path}?{parts.query}", parts.query, parts.path, *tokens):
            text = text.replace(hidden, "***") if hidden and len(hidden) > 1 else text
        return text


def outlet(document: Document, name: str) -> Outlet:
    """The alert of that name as a follower of the journal."""
    section = document.alerts[name]
    secret = section.secret.reveal() if section.secret else None
    via = next((vantage for vantage in document.vantages if vantage.name == section.via), None)
    address = Address(section.url, secret, via)

    def connect(clock: Clock) -> AbstractAsyncContextManager[Channel]:
        return open_channel(name, address, clock)

    async def look_at(clock: Clock) -> Finding:
        return await look(name, address, clock)

    async def send_test(clock: Clock) -> Finding:
        return await try_out(name, address, clock)

    place = "" if via is None else f"{via.name} {via.type} {via.resolver} {via.options!r}"
    mark = short_hash(section.url, secret or "", place)
    return Outlet(PREFIX + name, mark, connect, look_at, LINGER, from_now=True, trial=send_test)


@asynccontextmanager
async def open_channel(
    name: str,
    address: Address,
    clock: Clock,
    patience: Patience = PATIENT,
    jitter: Callable[[], float] = random.random,
) -> AsyncIterator[Channel]:
    """The follower of an alert, its connection closed at the end. Raises ValueError if the way cannot be used."""
    async with transport(address, clock, patience) as way:
        yield Channel(name, way.post, clock, jitter)


@asynccontextmanager
async def transport(address: Address, clock: Clock, patience: Patience = PATIENT) -> AsyncIterator["Transport"]:
    """What sends to an address. Raises ValueError if the way cannot be used."""
    way = Transport(address, clock, patience)
    try:
        yield way
    finally:
        await way.session.close()


class Transport:
    """One session: gives answers, and never raises what the network or the receiver did."""

    def __init__(self, address: Address, clock: Clock, patience: Patience) -> None:
        """Make the session; nothing is sent yet. Needs a running loop."""
        import aiohttp  # noqa: PLC0415  see the top of the file

        self.trouble = (aiohttp.ClientError, TimeoutError, OSError, ValueError)
        self.address = address
        self.clock = clock
        # A connection is made for each message: one that slept for hours would fail first, and cost a try.
        options = connector_options(address.via, clock)
        connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False, **options)
        timeout = aiohttp.ClientTimeout(patience.total, sock_connect=patience.connect, sock_read=patience.read)
        self.session = aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())

    async def post(self, message: Message) -> Answer:
        """Send a message once; status 0 if no answer came."""
        body = message.body.encode()
        moment = str(self.clock.wall() // 1_000_000)
        headers = {"Content-Type": "application/json", "X-Reachd-Id": message.id, "X-Reachd-Timestamp": moment}
        if self.address.secret is not None:
            headers["X-Reachd-Signature"] = signature(self.address.secret, moment, body)
        return await self._ask("POST", headers, body)

    async def knock(self) -> Answer:
        """Ask for nothing, to see whether anybody answers."""
        return await self._ask("HEAD", {}, None)

    async def _ask(self, method: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        named = {"User-Agent": "reachd", **headers}
        try:
            async with self.session.request(
                method, self.address.url, data=body, headers=named, allow_redirects=False
            ) as reply:
                return await self._answer(reply)
        except self.trouble as fault:
            return Answer(0, self.address.scrub(f"{type(fault).__name__}: {fault}".rstrip(": "))[:WORDS])

    async def _answer(self, reply: Any) -> Answer:  # noqa: ANN401  aiohttp's, imported late
        """What came back; of a long body only the beginning is read."""
        page = "html" in reply.headers.get("Content-Type", "").lower()
        wait = retry_after(reply.headers.get("Retry-After"), self.clock.wall())
        text = b"" if reply.ok else await reply.content.read(4 * WORDS)
        return Answer(reply.status, self.address.scrub(text.decode(errors="replace")), wait, page)


def signature(secret: str, moment: str, body: bytes) -> str:
    """HMAC-SHA256 of `moment.body` in hex; `moment` is X-Reachd-Timestamp, seconds since the epoch."""
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


async def look(name: str, address: Address, clock: Clock) -> Finding:
    """For the doctor: does anything answer there? Any answer to a HEAD will do; only a test message tells more."""
    named = f"alert {name} at {address.shown}"
    answer, trouble = await _once(address, clock, lambda way: way.knock())
    if trouble:
        return Finding(named, "bad", trouble, "name a vantage under via that opens its own connections")
    if answer.status:
        return Finding(named, "good", f"answers; `reachd alerts test {name}` sends a message")
    return Finding(named, "bad", said(answer), REMEDIES[Verdict.BUSY])


async def try_out(name: str, address: Address, clock: Clock) -> Finding:
    """Send a signed test message and tell what the receiver answered."""
    named = f"alert {name} at {address.shown}{f' via {address.via.name}' if address.via else ''}"
    answer, trouble = await _once(address, clock, lambda way: way.post(trial(name, clock.wall())))
    if trouble:
        return Finding(named, "bad", trouble, "name a vantage under via that opens its own connections")
    verdict = judge(answer)
    if verdict is Verdict.DELIVERED:
        signed = "signed" if address.secret is not None else "not signed, for there is no secret"
        return Finding(named, "good", f"took the message ({signed}) and answered {answer.status}")
    return Finding(named, "bad", said(answer), REMEDIES[verdict])


async def _once(address: Address, clock: Clock, act: Callable[["Transport"], Any]) -> tuple[Answer, str]:
    """One request over a session of its own; with words where the way cannot be used at all."""
    try:
        async with transport(address, clock) as way:
            answer: Answer = await act(way)
            return answer, ""
    except ValueError as fault:
        return Answer(0), str(fault)
