"""Mass failure: 20 healthy and 380 black-holed targets, 10 s interval, 5 s timeout, two minutes.

Goal: the healthy ones, seen at the target, get every slot. Counts are judged, not times. A number of seconds as its
argument makes it shorter or longer.
"""

import asyncio
import socket
import sys
import tempfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from bench import _stage as stage
from config.slots import SECOND, SPREAD, slot_at
from daemon.fitness import raise_file_limit
from daemon.rows import Gap, PlanRow, Row
from probes.clock import SystemClock
from probes.record import Kind, Record

HEALTHY, HOLES = 20, 380
EVERY, TIMEOUT = 10, 5.0
SECONDS = 120.0
Seen = list[tuple[str, int]]
"""Target and wall time of each connection."""


def watch(ready: Connection) -> None:
    """The healthy servers, in a process of their own: they note each connection until they are asked for them."""
    asyncio.run(_watch(ready))


async def _watch(ready: Connection) -> None:
    loop, seen = asyncio.get_running_loop(), Seen()
    listeners = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(HEALTHY)]
    for listener in listeners:
        listener.setblocking(False)
        loop.add_reader(listener, _accept, listener, seen)
    ready.send([_target(listener) for listener in listeners])
    asked = asyncio.Event()
    loop.add_reader(ready.fileno(), asked.set)
    await asked.wait()
    ready.send(seen)


def _accept(listener: socket.socket, seen: Seen) -> None:
    listener.accept()[0].close()
    seen.append((_target(listener), SystemClock().wall()))


def _target(listener: socket.socket) -> str:
    return "{}:{}".format(*listener.getsockname())


def main() -> int:
    """Run, count, judge."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    raise_file_limit()
    here, there = stage.SPAWN.Pipe()
    process = stage.SPAWN.Process(target=watch, args=(there,), daemon=True)
    process.start()
    healthy: list[str] = here.recv()
    holes = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(HOLES)]
    with tempfile.TemporaryDirectory() as name, stage.black_holes(holes) as dead:
        chosen = tuple(stage.Endpoint("tcp", target) for target in (*healthy, *dead))
        stage.apart(stage.run_daemon, Path(name), stage.Load(chosen, EVERY, TIMEOUT, 0.0, seconds))
        rows = asyncio.run(stage.all_rows(Path(name) / "journal0.db"))
    here.send("what did you see?")
    seen: Seen = here.recv()
    process.join()
    return judge(rows, seen, set(healthy))


def judge(rows: list[Row], seen: Seen, healthy: set[str]) -> int:
    """Compare what the targets saw with the grid."""
    plan = next(row for row in rows if isinstance(row.body, PlanRow))
    assert isinstance(plan.body, PlanRow)
    end = rows[-1].at
    expected: Counter[tuple[str, int]] = Counter()
    for item in plan.body.assignments:
        if item.series.endpoint in healthy:
            first = slot_at(plan.at, EVERY, item.offset) + 1
            last = slot_at(end - int((SPREAD * EVERY + 1) * SECOND), EVERY, item.offset)
            expected.update((item.series.endpoint, slot) for slot in range(first, last + 1))
    offsets = {item.series.endpoint: item.offset for item in plan.body.assignments}
    found = Counter((target, slot_at(at, EVERY, offsets[target])) for target, at in seen)
    missed = expected - found
    records = [row.body for row in rows if isinstance(row.body, Record)]
    silent = sum(record.failure is not None and record.failure.kind is Kind.TIMEOUT for record in records)
    lost = Counter(row.body.reason for row in rows if isinstance(row.body, Gap))
    stage.table(
        ("healthy", "black holes", "slots of the healthy", "seen", "missed", "timeouts of the others", "gaps"),
        [(HEALTHY, HOLES, expected.total(), (found & expected).total(), missed.total(), silent, dict(lost))],
    )
    return stage.verdict(
        {
            "each healthy target saw every slot": not missed and bool(expected),
            "no healthy target saw a slot twice": all(count == 1 for count in found.values()),
            "every black hole was measured as one": silent >= HOLES,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
