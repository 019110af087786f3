"""The InfluxDB follower: rows of the journal as points, each stored exactly once; the official client is transport."""

import asyncio
import gzip
import json
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from daemon.follower import Taken
from daemon.rows import Row
from daemon.sinks import parcel, quarantine
from daemon.sinks.answers import WORDS, Answer, Verdict, judge, reason, retry_after
from daemon.sinks.bisect import Work
from daemon.sinks.delivery import Delivery, Figures
from daemon.sinks.destination import PATIENT, Destination, Patience
from daemon.sinks.pace import Pace
from daemon.sinks.parcel import LINES, Memory, Parcel
from daemon.sinks.protocol import Line
from daemon.sinks.quarantine import Quarantine
from daemon.sinks.share import WHOLE, Part
from probes.clock import Clock

# The client and aiohttp are imported where they are used: 25 MB and 0.2 s that a daemon without an InfluxDB saves.

BREATH = 100
"""Rows turned into lines before the event loop gets its turn: what we do must not show in the probes' latencies."""
LOOK = 3600.0
"""Seconds between two looks at the bucket's retention; after one that failed, LOOK_AGAIN."""
LOOK_AGAIN = 60.0
DESTINATION = "destination"
COUNTS = "counts"


@asynccontextmanager
async def connect(
    destination: Destination,
    clock: Clock,
    part: Part = WHOLE,
    *,
    agent: str = "",
    timeout: Patience = PATIENT,
    jitter: Callable[[], float] = random.random,
) -> AsyncIterator["Influx"]:
    """The follower of a destination, its connection closed at the end. `agent` names this daemon in daemon_health.

    Raises OSError or ValueError (ssl.SSLError is one) for a CA file or a proxy that cannot be used.
    """
    transport = Transport(destination, clock, timeout)
    try:
        yield Influx(part, transport, clock, agent=agent, jitter=jitter)
    finally:
        await transport.close()


class Transport:
    """One client of one destination: gives answers, and never raises what the network or the server did."""

    def __init__(self, destination: Destination, clock: Clock, patience: Patience) -> None:
        """Make the client; nothing is sent yet. Needs a running loop."""
        import aiohttp  # noqa: PLC0415  see the top of the file; so the others
        import aiohttp_socks as socks  # noqa: PLC0415
        from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync  # noqa: PLC0415
        from influxdb_client.rest import ApiException  # noqa: PLC0415
        from influxdb_client.service.buckets_service import BucketsService  # noqa: PLC0415
        from influxdb_client.service.write_service import WriteService  # noqa: PLC0415

        proxy = (socks.ProxyError, socks.ProxyConnectionError, socks.ProxyTimeoutError)
        self.trouble = (ApiException, aiohttp.ClientError, *proxy, TimeoutError, OSError)
        self.destination = destination
        self.clock = clock
        self.client = InfluxDBClientAsync(
            destination.url,
            destination.token,
            destination.org,
            timeout=aiohttp.ClientTimeout(patience.total, sock_connect=patience.connect, sock_read=patience.read),
            allow_redirects=False,  # a redirected POST becomes a GET, whose 200 would count as stored
            **_way(destination),
        )
        self.writes = WriteService(self.client.api_client)  # type: ignore[no-untyped-call]
        self.buckets = BucketsService(self.client.api_client)  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Close the connection."""
        await self.client.close()  # type: ignore[no-untyped-call]

    async def post(self, lines: list[Line]) -> Answer:
        """Send lines once; status 0 if no answer came."""
        body = await asyncio.to_thread(_pack, lines)
        options = {"precision": "ns", "content_encoding": "gzip", "_return_http_data_only": False}
        try:
            _, status, headers = await self.writes.post_write_async(  # type: ignore[no-untyped-call]
                self.destination.org, self.destination.bucket, body, **options
            )
        except self.trouble as fault:
            return self._answer(fault)
        return Answer(status, page=_is_page(headers))

    async def retention(self) -> int | None:
        """Nanoseconds the bucket keeps, None for ever. PermissionError if we are not told, OSError if none answers."""
        try:
            await self.buckets.get_buckets_async(  # type: ignore[no-untyped-call]
                name=self.destination.bucket, org=self.destination.org, _return_http_data_only=False
            )
            found = json.loads(self.client.api_client.last_response.data)
            rules = found["buckets"][0]["retentionRules"]
        except self.trouble as fault:
            answer = self._answer(fault)
            raise (OSError if judge(answer) is Verdict.BUSY else PermissionError)(reason(answer)) from None
        except (ValueError, KeyError, TypeError, IndexError) as fault:
            raise PermissionError("no retention in the answer") from fault
        return min((rule["everySeconds"] for rule in rules if rule.get("everySeconds")), default=0) * 10**9 or None

    def _answer(self, fault: Exception) -> Answer:
        """What the client raised, as an answer."""
        status: int | None = getattr(fault, "status", None) if hasattr(fault, "body") else None
        if not status:
            said = f"{type(fault).__name__}: {fault}".rstrip(": ")
            return Answer(0, self.destination.scrub(said)[:WORDS])
        headers: Mapping[str, str] = getattr(fault, "headers", None) or {}
        body = getattr(fault, "body", b"") or b""
        wait = retry_after(headers.get("Retry-After"), self.clock.wall())
        return Answer(status, self.destination.scrub(body.decode(errors="replace")), wait, page=_is_page(headers))


class Influx:
    """The follower: gathers points, delivers them, and lets the cursor move once the store has them."""

    def __init__(
        self, part: Part, transport: Transport, clock: Clock, *, agent: str, jitter: Callable[[], float]
    ) -> None:
        """The destination's mark names the store: a new one gets all that the journal still has."""
        self.name = part.follower
        self.shares = part.shares
        self.batch = LINES
        self.mark = transport.destination.mark()
        self.agent = agent
        self.transport = transport
        self.clock = clock
        self.delivery = Delivery(transport.post, clock, Pace(1.0, 60.0, jitter), Pace(10.0, 300.0, jitter))
        self.look_at = 0.0
        self.known_mark: str | None = None
        self.memory = Memory()
        self.quarantine = Quarantine()
        self.parcel: Parcel | None = None
        self.work = Work([])

    @property
    def figures(self) -> Figures:
        """What was done so far."""
        return self.delivery.figures

    def measured(self) -> dict[str, float]:
        """See daemon.outlets.Sink."""
        return self.figures.named(self.name)

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up where the last commit left off."""
        mark = saved.get(DESTINATION)
        self.known_mark = mark.decode() if mark else None
        self.memory = parcel.load(saved)
        self.quarantine = quarantine.load(saved)
        counts = json.loads(saved.get(COUNTS, b"{}"))
        self.figures.quarantined, self.figures.clipped = counts.get("quarantined", 0), counts.get("clipped", 0)
        self.parcel = None

    async def take(self, rows: list[Row]) -> Taken:
        """Store the points of these rows, or of as many as one request holds; Hold where the store takes none now."""
        if self.known_mark not in {None, self.mark}:
            return self._anew()
        if self.parcel is None or self.parcel.first != rows[0].seq:
            self.parcel = await self._gather(rows)
            self.work = Work([self.parcel.lines])
        if self.clock.monotonic() >= self.look_at or self.delivery.refused.failures:
            await self._look()
        await self.delivery.deliver(self.work)
        return self._taken(self.parcel)

    def _anew(self) -> Taken:
        """The store is another one: begin at the first row, with nothing remembered of the old."""
        forgotten: dict[str, bytes | None] = dict.fromkeys([parcel.WITHIN, *map(parcel.event_key, self.memory.events)])
        self.known_mark = self.mark
        self.memory, self.parcel = Memory(), None
        return Taken(saved=forgotten | self._marked(), cursor=0)

    async def _gather(self, rows: list[Row]) -> Parcel:
        """Turn rows into lines, a few at a time."""
        gathered = Parcel(rows[0].seq, self.memory, self.agent, self.shares, last=rows[0].seq - 1)
        for number, row in enumerate(rows, 1):
            if not gathered.add(row):
                break
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return gathered

    def _taken(self, stored: Parcel) -> Taken:
        """What to commit with the cursor."""
        changes = stored.saved() | self._marked()
        if self.work.bad:
            self.figures.quarantined += len(self.work.bad)
            changes |= self.quarantine.add(self.work.bad, self.clock.wall())
        counts = {"quarantined": self.figures.quarantined, "clipped": self.figures.clipped}
        changes[COUNTS] = json.dumps(counts).encode()
        stored.remember()
        self.parcel = None
        return Taken(saved=changes, cursor=stored.last)

    def _marked(self) -> dict[str, bytes | None]:
        """The store that the cursor speaks of."""
        return {DESTINATION: self.mark.encode()}

    async def _look(self) -> None:
        """Ask for the bucket's retention; where we may not know, the server's refusals teach it."""
        try:
            self.delivery.retention = await self.transport.retention()
            wait = LOOK
        except PermissionError:
            self.delivery.retention, wait = None, LOOK
        except OSError:
            wait = LOOK_AGAIN
        self.look_at = self.clock.monotonic() + wait


def _pack(lines: list[Line]) -> bytes:
    """The body of a request. Level 1 is six times as quick as the client's 9 and as small within a fifth."""
    return gzip.compress(b"\n".join([line.text for line in lines]), 1)


def _is_page(headers: Mapping[str, str]) -> bool:
    return "html" in headers.get("Content-Type", "").lower()


def _way(destination: Destination) -> dict[str, Any]:
    """How the client gets there: trust, and a proxy if one is named. The environment's proxies are not used."""
    context = ssl.create_default_context(cafile=destination.ca or None)
    if destination.proxy.startswith("socks"):
        return {"ssl_context": context, "client_session_type": _over_socks(destination.proxy, context)}
    return {"ssl_context": context, "proxy": destination.proxy or None}


def _over_socks(proxy: str, context: ssl.SSLContext) -> Callable[..., Any]:
    """A session whose connections go through a SOCKS proxy, which resolves names too (ours may be lied to)."""
    import aiohttp  # noqa: PLC0415
    from aiohttp_socks import ProxyConnector  # noqa: PLC0415

    def session(*, connector: aiohttp.BaseConnector, **options: Any) -> aiohttp.ClientSession:  # noqa: ANN401  the client's own
        del connector  # the direct one, which never opened anything
        through = ProxyConnector.from_url(proxy.replace("socks5h://", "socks5://"), rdns=True, ssl=context)
        return aiohttp.ClientSession(connector=through, **options)

    return session
