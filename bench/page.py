"""The page: bytes and milliseconds of the overview with 200 and with 5,000 series, beside an empty aiohttp page.

Goals: 200 series in at most 60 KB and 100 ms; 5,000 series in at most 250 KB and 500 ms.
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from aiohttp import ClientSession, web

from bench import _stage as stage
from config.slots import SECOND
from daemon.rows import Body, Event, Health, Heartbeat, Place, Planned, PlanRow, Row, Scope, State
from daemon.web.guard import Keys
from daemon.web.live import Live
from daemon.web.server import listen, make_app, start
from daemon.web.sight import Sight
from daemon.web.strip import CELL, CELLS
from probes.clock import SystemClock
from probes.record import Series

LOOKS = 15


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured, and what its page may cost."""

    services: int
    vantages: int
    endpoints: int
    bytes: int
    milliseconds: float


SIZES = (Size(10, 4, 5, 60_000, 100.0), Size(25, 8, 1, 60_000, 100.0), Size(50, 20, 5, 250_000, 500.0))


def filled(size: Size, now: int) -> Live:
    """A day of states that change often, and three open events."""
    names, places = [f"service{n}" for n in range(size.services)], [f"vantage{n}" for n in range(size.vantages)]
    planned = tuple(
        Planned(Series(name, "site", f"{n}.{name}.example:443", "tls", place, "ipv4"), 60, 0, 5.0, "c")
        for name in names
        for place in places
        for n in range(size.endpoints)
    )
    live = Live(Path("none"), lambda: now)
    sides = {name: ("foreign", "domestic", "control")[number % 3] for number, name in enumerate(names)}
    bodies: list[Body] = [PlanRow("p", {place: Place("RU", 64500) for place in places}, sides, planned), Health({})]
    live_rows = [Row(number, now, body) for number, body in enumerate([*bodies, *map(_beat, places)], 1)]
    for cell in range(CELLS):
        live_rows += [
            Row(0, now - (CELLS - 1 - cell) * CELL, State(name, place, _code(first + second, cell), 0.9, 0.1, 0.99))
            for first, name in enumerate(names)
            for second, place in enumerate(places)
        ]
    for row in live_rows + [Row(0, now, _event(name, places, now)) for name in names[:3]]:
        live.put(row)
    live.ready = True
    return live


def _beat(place: str) -> Heartbeat:
    return Heartbeat(place, True, ("ipv4",))


def _code(place: int, cell: int) -> int:
    """Each service has a spell of something every four hours or so."""
    return (1, 2, 3)[place % 3] if (cell + place * 5) % 16 < 2 else 0


def _event(name: str, places: list[str], now: int) -> Event:
    scope = Scope(tuple(places[:2]), ("RU",), (64500,), ())
    words = f"{name} site: no TCP connection from RU (2 of {len(places)} vantages) since 20:04 UTC"
    onset = (now - 3_600 * SECOND, now - 3_500 * SECOND)
    return Event(
        id=f"EVENT{name}",
        revision=1,
        at=now,
        state="confirmed",
        kind="block",
        service=name,
        roles=("site",),
        mechanism="tcp.drop",
        mechanisms={"site": "tcp.drop"},
        scope=scope,
        onset=onset,
        detected=now,
        reopened=None,
        ended=None,
        confidence=0.9,
        evidence=(),
        comparators={},
        summary=words,
        against="",
    )


async def empty(_request: web.Request) -> web.Response:
    """The yardstick."""
    return web.Response(text="")


async def measure(size: Size) -> tuple[int, float, float]:
    """Bytes and seconds of the overview, and seconds of an empty page by the same server."""
    clock = SystemClock()
    sight = Sight(Path("none"), clock, filled(size, clock.wall()))
    app = make_app(sight, Keys("127.0.0.1"), [lambda it: it.router.add_get("/empty", empty)])
    runner = await start(app, listen("127.0.0.1", 0))
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as session:
        times: dict[str, list[float]] = {"/": [], "/empty": []}
        length = 0
        for _ in range(LOOKS):
            for path, found in times.items():
                begin = clock.monotonic()
                async with session.get(url + path) as answer:
                    body = await answer.read()
                    assert answer.status == 200
                found.append(clock.monotonic() - begin)
                length = max(length, len(body))
    await runner.cleanup()
    return length, median(times["/"]), median(times["/empty"])


def main() -> int:
    """Measure, print, judge."""
    rows, claims = [], {}
    for size in SIZES:
        series = size.services * size.vantages * size.endpoints
        length, page, nothing = asyncio.run(measure(size))
        cells = f"{size.services} x {size.vantages}"
        rows.append((series, cells, f"{length / 1e3:.1f}", f"{page * 1e3:.1f}", f"{page / nothing:.0f}"))
        claims[f"{series} series ({cells}): {length:,} bytes, at most {size.bytes:,}"] = length <= size.bytes
        words = f"{series} series ({cells}): {page * 1e3:.1f} ms, at most {size.milliseconds:g} ms"
        claims[words] = page * 1e3 <= size.milliseconds
    stage.table(("series", "services x vantages", "KB", "ms", "times an empty page"), rows)
    return stage.verdict(claims)


if __name__ == "__main__":
    sys.exit(main())
