"""How fast a backlog drains into a real InfluxDB while measuring goes on, beside a bare POST of the same lines.

usage: python -m bench.influx [RECORDS]      exit 0 at 10,000 points/s or more, 1 below, 3 without a server
"""

import asyncio
import http.client
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from daemon.follower import Standing, follow
from daemon.journal.store import Journal
from daemon.sinks.influx import connect
from daemon.sinks.lines import record_line
from daemon.sinks.parcel import LINES
from probes.clock import SystemClock
from probes.record import Facts, Failure, Kind, Phase, Record, Series, TcpInfo, Timing
from tests.lab.influxd import MISSING, ORG, TOKEN, Influxd, find
from tests.lab.waiting import until

NEEDED = 10_000
"""Points a second (issue 4, section 4)."""
MEASURING = 300
"""Records a second that are appended meanwhile."""
SERIES = 1_000
FEW = 20_000
"""Records that the cost of a line is taken from."""
CLOCK = SystemClock()


def backlog(count: int) -> Iterator[Record]:
    """Records of 1,000 series, every twentieth failed, all different; the newest an hour old."""
    first = (CLOCK.wall() // 1_000_000 - 3600 - count // SERIES * 10) * 1_000_000
    for number in range(count):
        yield one(number, first + number // SERIES * 10_000_000)


def one(number: int, due: int) -> Record:
    """A record of a tls probe."""
    series = Series(f"service{number % 10}", "chat", f"g{number % SERIES}.example.net:443", "tls", "ru1", "ipv4")
    tcp = 0.02 + number % 977 / 50_000
    timings = (Timing(Phase.DNS, 0.0, 0.012), Timing(Phase.TCP, 0.012, tcp), Timing(Phase.TLS, 0.012 + tcp, 2 * tcp))
    failure = Failure(Phase.TLS, Kind.RESET) if number % 20 == 0 else None
    facts = Facts(address=f"198.51.100.{number % 200}", bytes_in=4021, bytes_out=517, tcp=TcpInfo(30_125, 0, *[5] * 5))
    began = due + number * 7919 % 2_000_000
    return Record(series, due, began, 0.012 + 3 * tcp, timings, failure, facts, config="9f31c2", version="tls/1")


async def measure(journal: Journal, lags: list[float]) -> None:
    """Append records as the runner does, and note by how much the loop is late."""
    loop = asyncio.get_running_loop()
    begin, number = loop.time(), 0
    while True:
        number += 1
        await asyncio.sleep(max(0.0, begin + number / MEASURING - loop.time()))
        lags.append(loop.time() - (begin + number / MEASURING))
        journal.append([one(number, CLOCK.wall() // 1_000_000 * 1_000_000 - number)])


async def drain(server: Influxd, folder: Path, count: int) -> tuple[float, float, list[float]]:
    """Seconds and CPU seconds of this process until a backlog of so many records is stored, and the lags meanwhile."""
    lags: list[float] = []
    async with (
        await Journal.open(folder / "journal.db", CLOCK) as journal,
        connect(server.destination(server.make_bucket("drain")), CLOCK) as sink,
        asyncio.TaskGroup() as group,
    ):
        rows = backlog(count)
        for _ in range(0, count, LINES):
            last = await journal.append(itertools.islice(rows, LINES))
        standing = Standing(sink.name)
        began, cpu = time.perf_counter(), time.process_time()
        tasks = [group.create_task(measure(journal, lags)), group.create_task(follow(journal, sink, CLOCK, standing))]
        await until(lambda: standing.cursor >= last, 600)
        spent = time.perf_counter() - began, time.process_time() - cpu
        for task in tasks:
            task.cancel()
    return *spent, lags


def bare(server: Influxd, count: int) -> float:
    """Seconds of POSTs of the same lines, ready made, over one connection."""
    server.make_bucket("bare")
    made = [line.text for number, row in enumerate(backlog(count)) if (line := record_line(number, row))]
    bodies = [b"\n".join(made[part : part + LINES]) for part in range(0, count, LINES)]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    began = time.perf_counter()
    for body in bodies:
        where = f"/api/v2/write?org={ORG}&bucket=bare&precision=ns"
        connection.request("POST", where, body, {"Authorization": f"Token {TOKEN}"})
        answer = connection.getresponse()
        assert answer.status == 204, answer.read()
        answer.read()
    connection.close()
    return time.perf_counter() - began


def line_cost() -> float:
    """Microseconds of CPU that a line costs: the best of five rounds."""
    many = list(backlog(FEW))
    return min(_round(many) for _ in range(5)) / FEW * 1e6


def _round(many: list[Record]) -> float:
    began = time.process_time()
    for number, row in enumerate(many):
        record_line(number, row)
    return time.process_time() - began


def main() -> int:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    binary = find()
    if binary is None:
        print(f"influx: {MISSING}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        server = Influxd(binary, Path(folder))
        server.start()
        try:
            seconds, cpu, lags = asyncio.run(drain(server, Path(folder), count))
            plain = bare(server, count)
            held = server.count("drain")
        finally:
            server.kill()
    assert held >= count, f"{held} points of {count} are in the store"
    rate, late = count / seconds, sorted(lags)[len(lags) * 99 // 100] * 1e3
    print(f"influx: a backlog of {count} records drained in {seconds:.1f} s: {rate:.0f} points/s, needed {NEEDED}")
    print(f"influx: {seconds / plain:.2f} times the {plain:.1f} s of a bare POST of the same lines")
    print(f"influx: {cpu / count * 1e6:.1f} us of CPU a record with journal and gzip; its line {line_cost():.1f} us")
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"influx: meanwhile {len(lags)} records were measured, p99 late by {late:.0f} ms ({load})")
    return 0 if rate >= NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
