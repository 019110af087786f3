"""/metrics: what is known of a daemon as a text that Prometheus reads."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from daemon.tally import EDGES, Lateness
from daemon.web.each_series import ALWAYS, LABELS, MEASURED, is_measured, labels_of, lines
from daemon.web.families import OWN, SERIES_LIMIT, Family
from daemon.web.known import Known

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENESS = "reachd_start_lateness_seconds"
LATENESS_MEANING = "Seconds by which slots started after their moment."
LIMITED = "# More than {limit} series are planned: none has metrics of its own here, see reachd_series_last_outcome.\n"


class Own(Collector):
    """The metrics of the daemon itself, for a registry of their own; those of its process are among them."""

    def __init__(self, known: Known, process: Iterable[Metric] = ()) -> None:
        self.known = known
        self.process = process

    def collect(self) -> Iterator[Metric]:
        """Made anew at each look: nothing is kept here that could outlive what it tells of."""
        for family in OWN:
            yield _metric(family, self.known)
        yield _lateness(self.known.tally.lateness)
        yield from self.process


def _metric(family: Family, known: Known) -> Metric:
    metric = Metric(family.name.removesuffix("_total"), family.meaning, family.type)
    for values, number in family.samples(known):
        metric.add_sample(family.name, dict(zip(family.labels, values, strict=True)), float(number))
    return metric


def _lateness(late: Lateness) -> Metric:
    edges = [*map(str, EDGES), "+Inf"]
    buckets = list(zip(edges, map(float, accumulate(late.classes)), strict=True))
    return HistogramMetricFamily(LATENESS, LATENESS_MEANING, buckets=buckets, sum_value=late.seconds)


def exposition(known: Known, process: Iterable[Metric] = (), limit: int = SERIES_LIMIT) -> Iterator[str]:
    """The text in pieces, so that the loop can do other things in between."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Own(known, process))
    yield generate_latest(registry).decode()
    if len(known.assignments) > limit:
        yield LIMITED.format(limit=limit)
        return
    every = [(labels_of(record), record) for record in known.lately()]
    measured = [(labels, record) for labels, record in every if is_measured(record)]
    for family in MEASURED:
        yield from lines(family, measured)
    for family in ALWAYS:
        yield from lines(family, every)


def routes(look: Callable[[], Known]) -> Callable[[web.Application], None]:
    """Adds /metrics of what a look finds to an application, whose guards hold for it too."""
    process = ProcessCollector(registry=None)

    async def show(_request: web.Request) -> web.Response:
        pieces = []
        for piece in exposition(look(), process.collect()):
            pieces.append(piece)
            await asyncio.sleep(0)
        return web.Response(body="".join(pieces).encode(), headers={"Content-Type": CONTENT_TYPE})

    def add(app: web.Application) -> None:
        app.router.add_get("/metrics", show)

    return add


def names() -> Iterator[tuple[str, str, str, str]]:
    """Name, type, labels and meaning of every metric of ours, for the reference."""
    for family in OWN:
        yield family.name, family.type, ", ".join(family.labels), family.meaning
    yield LATENESS, "histogram", "", LATENESS_MEANING
    for each in (*MEASURED, *ALWAYS):
        yield each.name, "gauge", ", ".join((*LABELS, *each.more)), each.meaning
