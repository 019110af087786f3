"""`[influxdb]` of the configuration as sinks, one a bucket, and the doctor's look at them."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from config.document import Document
from config.sections import Influxdb
from daemon.fitness import Finding
from daemon.outlets import Outlet
from daemon.sinks.answers import Verdict, judge, reason
from daemon.sinks.destination import Destination, Patience
from daemon.sinks.influx import Influx, Transport, connect
from daemon.sinks.share import ALL, WHOLE, Part, Share
from probes.clock import Clock
from probes.record import short_hash

LINGER = 1.0
"""Seconds that rows gather after a batch that was not full: one request a second is enough for any page."""
FOLLOWERS = {Share.WINDOWS: f"{WHOLE.follower}_5m", Share.LASTING: f"{WHOLE.follower}_1h"}
REMEDIES = {
    Verdict.REFUSED: "look at org, bucket and token under [influxdb]; the token must be allowed to write to the bucket",
    Verdict.STRANGER: "a portal, a proxy or a block page answers at this address: look at url and proxy",
}
MEANWHILE = "look at url and proxy under [influxdb]; until it answers the journal keeps everything"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of the configuration, and what is written there by whom."""

    name: str
    part: Part


def buckets(section: Influxdb) -> list[Bucket]:
    """The buckets of a configuration; what has none of its own goes into the first."""
    own = {Share.WINDOWS: section.bucket_5m, Share.LASTING: section.bucket_1h}
    rest = ALL - {share for share, name in own.items() if name}
    apart = [Bucket(name, Part(FOLLOWERS[share], frozenset({share}))) for share, name in own.items() if name]
    return [Bucket(section.bucket, Part(shares=rest)), *apart]


def destination(section: Influxdb, bucket: str) -> Destination:
    """One bucket as a place to write to."""
    proxy, ca = section.proxy or "", section.ca or ""
    return Destination(section.url, section.org, bucket, section.token.reveal(), proxy, ca)


def outlets(document: Document) -> Iterator[Outlet]:
    """The sinks of a configuration with `[influxdb]`: one for each bucket, each with a cursor of its own."""
    if document.influxdb is not None:
        for bucket in buckets(document.influxdb):
            yield _outlet(destination(document.influxdb, bucket.name), bucket.part)


def _outlet(where: Destination, part: Part) -> Outlet:
    def open_sink(clock: Clock) -> AbstractAsyncContextManager[Influx]:
        return connect(where, clock, part)

    async def look_at(clock: Clock) -> Finding:
        return await look(where, clock)

    mark = short_hash(where.mark(), where.token, where.proxy, where.ca, *sorted(part.shares))
    return Outlet(part.follower, mark, open_sink, look_at, LINGER)


async def look(destination: Destination, clock: Clock) -> Finding:
    """For the doctor: does the store answer and may we write? A write of nothing tells, and changes nothing."""
    name = f"InfluxDB {destination.url}"
    try:
        transport = Transport(destination, clock, Patience(10.0, 5.0, 5.0))
    except (OSError, ValueError) as fault:
        return Finding(name, "bad", destination.scrub(str(fault)), "look at ca and proxy under [influxdb]")
    try:
        answer = await transport.post([])
    finally:
        await transport.close()
    verdict = judge(answer)
    if verdict in {Verdict.STORED, Verdict.BAD}:  # some servers call a write of nothing bad, after they let us in
        return Finding(name, "good", f"takes points for bucket {destination.bucket}")
    return Finding(name, "bad", reason(answer), REMEDIES.get(verdict, MEANWHILE))
