"""Whether a plan stays within the limits of docs/design.md; every breach names the endpoint and the remedy."""

from collections.abc import Iterator
from math import ceil

from config.contacts import Load, loads, refused
from config.cost import Cost, cost
from config.document import Document
from config.faults import Fault, Origin
from config.plan import Plan
from config.quantities import in_words

SERIES = 100_000
"""Of InfluxDB: 160,000 cost a server 1.2 GB of memory (measured); vendors advise to stay well below a million."""
POINTS = 5_000
"""A second, of InfluxDB: half of what a backlog drains with, so that an outage is made up for in as long as it took."""
AHEAD = 3_600
"""Seconds for which token buckets are played ahead."""
MOST = 200_000
"""Contacts up to which a bucket is played ahead (half a second); only own resolvers of large plans have more."""
EXACT = 1 + 1e-9
"""Intervals that fill a limit to the last drop are fine, whatever their sum in floating point."""


def violations(document: Document, plan: Plan) -> tuple[Fault, ...]:
    """Every limit that the plan breaks; nothing may be started while there is one."""
    return tuple(sorted({*_contacts(document, plan), *_influx(document, plan, cost(plan))}))


def warnings(document: Document, plan: Plan) -> tuple[str, ...]:
    """What stays within the limits but will be felt: slots that find no token, raw records that go early."""
    return (*_crowded(document, plan), *_early(document, cost(plan)))


def _contacts(document: Document, plan: Plan) -> Iterator[Fault]:
    """Hosts that would be contacted too often; one fault for a host, however many vantages do it."""
    worst: dict[tuple[str, bool], list[Load]] = {}
    for load in loads(plan, document.limits):
        if load.excess > EXACT:
            worst.setdefault((load.contact.host, load.contact.asked), []).append(load)
    for found in worst.values():
        load = max(found, key=lambda each: each.excess)
        vantages = sorted({each.contact.vantage for each in found})
        fastest = min(load.assignments, key=lambda each: (each.every, plan.origins[each.series]))
        yield Fault(plan.origins[fastest.series], _breach(load, fastest.series.endpoint, vantages))


def _breach(load: Load, endpoint: str, vantages: list[str]) -> str:
    """A rate that is too high, and what to write instead."""
    others = len(load.assignments) - 1
    together = f" with {others} other series" if others else ""
    deed = "asks" if load.contact.asked else "connects to"
    allowed = f"{load.burst} at once, then one every {in_words(load.every)}"
    shortest = in_words(ceil(min(each.every for each in load.assignments) * load.excess - 1e-6))
    longer = f"intervals {_times(load.excess)} times as long, the shortest {shortest!r}"
    remedy = longer if others else f"every = {shortest!r} or more"
    return (
        f"{endpoint}{together} {deed} {load.contact.host} from {', '.join(vantages)} {load.rate:.3g} times a second, "
        f"the limit is {allowed}: write {remedy}, or list the address under [[limits]] if it is your own"
    )


def _times(factor: float) -> str:
    """A factor that is enough: rounded up."""
    return f"{ceil(factor * 100 - 1e-6) / 100:g}"


def _influx(document: Document, plan: Plan, total: Cost) -> Iterator[Fault]:
    """More than an InfluxDB takes."""
    if document.influxdb is None or not plan.assignments:
        return
    if total.influx_series > SERIES:
        remedy = "name fewer services under the services of each vantage"
        here = Origin(document.file, 1, "influxdb")
        yield Fault(here, f"{total.influx_series} series are more than {SERIES}: {remedy}")
    if total.influx_points_per_second > POINTS:
        busiest = min(plan.assignments, key=lambda each: (each.every, plan.origins[each.series]))
        points = f"{total.influx_points_per_second:.0f} points a second for InfluxDB are more than {POINTS}"
        longer = f"make intervals {_times(total.influx_points_per_second / POINTS)} times as long"
        yield Fault(plan.origins[busiest.series], f"{points}: {longer}, that of {busiest.series.endpoint} first")


def _crowded(document: Document, plan: Plan) -> Iterator[str]:
    """Endpoints that often find no token although the rate is fine: too many of one host are due together."""
    for load in loads(plan, document.limits):
        if len(load.assignments) <= load.burst or load.rate * AHEAD > MOST or load.excess > EXACT:
            continue
        for each, lost in refused(load, AHEAD).items():
            share = f"{lost * each.every / AHEAD:.0%} of its slots from {each.series.vantage} will be skipped"
            why = f"too much of {load.contact.host} is due at once; a longer interval helps"
            yield str(Fault(plan.origins[each.series], f"{each.series.endpoint}: {share}: {why}"))


def _early(document: Document, total: Cost) -> Iterator[str]:
    """Raw records that the limit in bytes deletes before their days are over."""
    retention = document.retention
    days = retention.raw_bytes / max(total.journal_bytes / 30, 1)
    if days < retention.raw_days:
        kept = f"raw records fill raw_bytes in {days:.1f} of the {retention.raw_days} days of raw_days"
        yield f"{document.file}: retention: {kept}: allow more bytes, or measure less often"
