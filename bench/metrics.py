"""What a scrape of /metrics costs: the text, the longest hold of the loop, the request. Goal: 1,000 series in 50 ms."""

import asyncio
import statistics
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

from aiohttp import ClientSession, web
from prometheus_client import ProcessCollector

from bench import _stage as stage
from config.plan import Assignment
from daemon.follower import Standing
from daemon.tally import Tally
from daemon.web.known import Journal, Known
from daemon.web.metrics import exposition, routes
from probes.plugin import ProbeOptions
from probes.record import Facts, Failure, Kind, Phase, Record, Series, Timing

GOAL = 50.0
"""Milliseconds for a thousand series."""
HOLD = 50.0
"""Milliseconds for which the loop may be held at a stretch, at the most series that have lines of their own."""
COUNTS = (0, 200, 1_000, 5_000, 5_001)
TIMES = 15
NOW = 1_770_000_000_000_000
PHASES = (Phase.DNS, Phase.TCP, Phase.TLS, Phase.HTTP)


def records(count: int) -> Iterator[Record]:
    """Pages over https, one of ten failing: the series with the most to tell."""
    for number in range(count):
        series = Series(f"service{number % 12}", "web", f"https://host{number}.example/", "http", "ru1", "ipv4")
        timings = tuple(Timing(phase, 0.1 * place, 0.0871234) for place, phase in enumerate(PHASES))
        failure = None if number % 10 else Failure(Phase.HTTP, Kind.TIMEOUT)
        facts = Facts(status=200, first_byte=0.35, loop_lag=0.0004)
        yield Record(series, NOW, NOW, 0.4123456, timings, failure, facts)


def what_is_known(count: int) -> Known:
    """A daemon with so many series that were all measured."""
    found = list(records(count))
    tally = Tally()
    tally.see(found)
    plan = [Assignment(one.series, ProbeOptions(), 60, 0, 10.0, "system", "c", "http/2") for one in found]
    standings = {name: Standing(name) for name in ("detect", "rollup", "log", "influx")}
    return Known(NOW, plan, tally, Counter(), 3, 0.0004, False, standings, {}, (), Journal(), "bench")


@dataclass(frozen=True, slots=True)
class Scrape:
    """What one size costs: bytes and milliseconds."""

    count: int
    size: int
    text: float
    hold: float
    request: float
    empty: float


@asynccontextmanager
async def served(known: Known) -> AsyncIterator[str]:
    """The metrics and an empty page on loopback."""

    async def nothing(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    routes(lambda: known)(app)
    app.router.add_get("/empty", nothing)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def request(session: ClientSession, url: str) -> float:
    """Milliseconds until the whole answer is there: the median of several."""
    taken = []
    for _ in range(TIMES):
        began = perf_counter()
        async with session.get(url) as answer:
            await answer.read()
        taken.append((perf_counter() - began) * 1e3)
    return statistics.median(taken)


def pieces(known: Known) -> tuple[float, float, int]:
    """Milliseconds for the text and for its longest piece (medians), and its bytes."""
    whole, longest, size = [], [], 0
    for _ in range(TIMES):
        stamps, said = [perf_counter()], []
        for piece in exposition(known, ProcessCollector(registry=None).collect()):
            said.append(piece)
            stamps.append(perf_counter())
        size = sum(map(len, said))
        whole.append((stamps[-1] - stamps[0]) * 1e3)
        longest.append(max(after - before for before, after in pairwise(stamps)) * 1e3)
    return statistics.median(whole), statistics.median(longest), size


async def look(count: int) -> Scrape:
    """Measure one size."""
    known = what_is_known(count)
    text, hold, size = pieces(known)
    async with served(known) as url, ClientSession() as session:
        full, empty = await request(session, f"{url}/metrics"), await request(session, f"{url}/empty")
    return Scrape(count, size, text, hold, full, empty)


def main() -> int:
    """Measure, print, judge."""
    found = [asyncio.run(look(count)) for count in COUNTS]
    stage.table(
        ("series", "KiB", "text ms", "longest hold ms", "request ms", "empty page ms", "ratio"),
        [(one.count, one.size // 1024, *_figures(one), f"{one.request / one.empty:.0f}") for one in found],
    )
    scrape = {one.count: one for one in found}
    thousand, most = scrape[1_000], scrape[5_000]
    return stage.verdict(
        {
            f"a scrape of 1,000 series takes {thousand.request:.0f} ms, under {GOAL:.0f} ms": thousand.request < GOAL,
            f"5,000 series hold the loop for {most.hold:.0f} ms at most, under {HOLD:.0f} ms": most.hold < HOLD,
            "above 5,000 series the text is small again": scrape[5_001].size < scrape[200].size,
        }
    )


def _figures(one: Scrape) -> Iterator[str]:
    return (f"{value:.2f}" for value in (one.text, one.hold, one.request, one.empty))


if __name__ == "__main__":
    sys.exit(main())
