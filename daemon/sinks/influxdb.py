"""`[influxdb]` of the configuration as a sink, and the doctor's look at it."""

from contextlib import AbstractAsyncContextManager

from config.document import Document
from daemon.fitness import Finding
from daemon.outlets import Outlet
from daemon.sinks.answers import Verdict, judge, reason
from daemon.sinks.destination import Destination, Patience
from daemon.sinks.influx import NAME, Influx, Transport, connect
from probes.clock import Clock
from probes.record import short_hash

LINGER = 1.0
"""Seconds that rows gather after a batch that was not full: one request a second is enough for any page."""
REMEDIES = {
    Verdict.REFUSED: "look at org, bucket and token under [influxdb]; the token must be allowed to write to the bucket",
    Verdict.STRANGER: "a portal, a proxy or a block page answers at this address: look at url and proxy",
}
MEANWHILE = "look at url and proxy under [influxdb]; until it answers the journal keeps everything"


def outlet(document: Document) -> Outlet | None:
    """The sink of a configuration with `[influxdb]`."""
    section = document.influxdb
    if section is None:
        return None
    token = section.token.reveal()
    where = Destination(section.url, section.org, section.bucket, token, section.proxy or "", section.ca or "")

    def open_sink(clock: Clock) -> AbstractAsyncContextManager[Influx]:
        return connect(where, clock)

    async def look_at(clock: Clock) -> Finding:
        return await look(where, clock)

    mark = short_hash(where.mark(), token, where.proxy, where.ca)
    return Outlet(NAME, mark, open_sink, look_at, LINGER)


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
