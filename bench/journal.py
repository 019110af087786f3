"""The journal under load: 1,000 records/s with a 2-second read meanwhile, bytes a record, CPU a record.

python bench/journal.py [FOLDER]   the folder chooses the disk; the default is the system's place for temporary files.
Goals (issue 4, section 6): row to durable p99 under 150 ms; at most 250 bytes on disk for a good record. Exit 1 if not.
Everything is put beside the bare mechanism in the same run, since machines differ: an fsync, and apsw alone.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path

import apsw

from daemon.journal.reader import open_reader
from daemon.journal.store import Journal
from daemon.rows import Body, Row
from probes.clock import SystemClock
from probes.record import Answer, Facts, Phase, Record, Series, TcpInfo, Timing

RATE, SECONDS, TICK = 1_000, 10.0, 0.01
QUIET_RATE, QUIET_SECONDS = 300, 8.0
GOAL_MS, GOAL_BYTES = 150.0, 250.0


@dataclass(slots=True)
class Load:
    """What a stretch of load gave."""

    delays: list[float]
    cpu: float
    """Seconds of the process, for all records: append, encoding, commit, one follower."""


def records(number: int, probe: str) -> Iterator[Record]:
    """Good records of 600 series as 300 servers would give them, in whole microseconds as the runner makes them."""
    chance = random.Random(20260211)
    phases = [Phase.DNS, Phase.TCP, Phase.TLS, *([Phase.HTTP] if probe == "http" else [])]
    begin = SystemClock().wall() // 1_000_000
    for index in range(number):
        place = index % 600
        series = Series(
            f"service{place % 6}", "web", f"host{place % 300}.example:443", probe, f"v{place // 300}", "ipv4"
        )
        spans = [chance.randrange(4_000, 90_000) / 1e6 for _ in phases]
        timings = tuple(
            Timing(phase, round(sum(spans[:at]), 6), span)
            for at, (phase, span) in enumerate(zip(phases, spans, strict=True))
        )
        due = (begin + index // RATE) * 1_000_000
        yield Record(
            series,
            due,
            due + chance.randrange(2_000_000),
            round(sum(spans) + 0.0001, 6),
            timings,
            None,
            facts(chance, place, probe),
            config=f"{place % 300:06x}",
            version=f"{probe}/1",
        )


def facts(chance: random.Random, place: int, probe: str) -> Facts:
    """DNS gives two of eight addresses in any order; a page has a body of its own each time."""
    found = tuple(sorted(f"198.51.{place % 300 // 2}.{host}" for host in chance.sample(range(8), 2)))
    tcp = TcpInfo(chance.randrange(8_000, 99_000), 0, 0, 517, chance.randrange(250_000), 9, 12)
    seen = Facts(
        address=found[0],
        addresses=found,
        resolver="192.0.2.53",
        answers=(Answer(chance.randrange(90_000) / 1e6, "NOERROR", ("qr", "rd", "ra"), found, chance.randrange(300)),),
        tls="TLSv1.3",
        cipher="TLS_AES_128_GCM_SHA256",
        alpn="http/1.1",
        chain=f"CHAIN{place % 300}",
        trust="public",
        first_byte=chance.randrange(90_000, 400_000) / 1e6,
        bytes_in=chance.randrange(3_000, 250_000),
        bytes_out=chance.randrange(500, 900),
        tcp=tcp,
        loop_lag=chance.randrange(900) / 1e6,
    )
    return replace(seen, status=200, server="nginx", body=f"{chance.getrandbits(80):020X}") if probe == "http" else seen


class Nothing:
    """Takes rows as the journal does and keeps them in a list: what the load itself costs."""

    def __init__(self) -> None:
        self.last = 0
        self._rows: list[Row] = []
        self._futures: list[asyncio.Future[int]] = []
        self._grown = asyncio.Event()

    def append(self, rows: Iterable[Body]) -> "asyncio.Future[int]":
        """Durable, so to speak, at the end of a window."""
        loop = asyncio.get_running_loop()
        if not self._futures:
            loop.call_later(0.05, self._land)
        self._futures.append(loop.create_future())
        self._rows += [Row(len(self._rows) + 1, 0, body) for body in rows]
        return self._futures[-1]

    async def wait(self, after: int) -> None:
        """As the journal."""
        while self.last <= after:
            await self._grown.wait()

    async def read(self, after: int, limit: int) -> list[Row]:
        """As the journal."""
        return self._rows[after : min(after + limit, self.last)]

    def _land(self) -> None:
        self.last = len(self._rows)
        self._grown.set()
        self._grown = asyncio.Event()
        for future in self._futures:
            future.set_result(self.last)
        self._futures.clear()


async def load(journal: Journal | Nothing, rate: int, seconds: float, probe: str) -> Load:
    """Append at a steady rate, one call a record, with a follower that keeps up."""
    loop = asyncio.get_running_loop()
    number = int(rate * seconds)
    rows = list(records(number, probe))
    result = Load([], 0.0)

    def landed(came: float) -> None:
        result.delays.append(loop.time() - came)

    follower = loop.create_task(follow(journal, journal.last, number))
    cpu, begin = time.process_time(), loop.time()
    for index, row in enumerate(rows):
        if index % max(1, int(rate * TICK)) == 0:
            await asyncio.sleep(max(0.0, begin + index / rate - loop.time()))
        came = loop.time()
        journal.append([row]).add_done_callback(partial(_after, landed, came))
    await follower
    result.cpu = time.process_time() - cpu
    result.delays.sort()
    return result


def _after(landed: Callable[[float], None], came: float, _done: "asyncio.Future[int]") -> None:
    landed(came)


async def follow(journal: Journal | Nothing, cursor: int, number: int) -> None:
    """Read all rows from memory as they become durable."""
    while number > 0:
        await journal.wait(cursor)
        rows = await journal.read(cursor, 1_000)
        number -= len(rows)
        cursor = rows[-1].seq


def at(sorted_values: list[float], share: float) -> float:
    """A quantile in milliseconds."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))] * 1e3


def bare_fsync(folder: Path, times: int = 200) -> list[float]:
    """Seconds of a 4 KB append with fdatasync, as often as the journal commits in ten seconds."""
    spent = []
    descriptor = os.open(folder / "fsync", os.O_CREAT | os.O_WRONLY)
    for _ in range(times):
        began = time.perf_counter()
        os.write(descriptor, b"x" * 4096)
        os.fdatasync(descriptor)
        spent.append(time.perf_counter() - began)
    os.close(descriptor)
    return sorted(spent)


def bare_insert(folder: Path, number: int = 20_000) -> float:
    """CPU seconds a row of apsw alone: rows of the same size, 50 a transaction, WAL, FULL, no encoding, no loop."""
    connection = apsw.Connection(str(folder / "bare.db"))
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, series INTEGER, body BLOB)")
    body = bytes(118)
    began = time.process_time()
    for first in range(0, number, 50):
        with connection:
            connection.executemany(
                "INSERT INTO records VALUES (?, ?, ?)", [(first + row, row, body) for row in range(50)]
            )
    spent = time.process_time() - began
    connection.close()
    return spent / number


def long_read(path: Path, seconds: float) -> int:
    """What a command does: read the journal from its beginning again and again."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        with open_reader(path) as reader:
            count += sum(1 for _ in takewhile(lambda _row: time.monotonic() < until, reader.rows()))
    return count


async def read_elsewhere(path: Path) -> int:
    """Two seconds of reading in a process of its own; gives the rows read."""
    await asyncio.sleep(3)
    command = [sys.executable, __file__, "--read", str(path)]
    child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    out, _ = await child.communicate()
    return int(out)


async def bytes_a_record(folder: Path, probe: str, number: int = 100_000) -> float:
    """Growth of the file over so many good records."""
    path = folder / f"size-{probe}.db"
    async with await Journal.open(path, SystemClock()) as journal:
        for row in records(number, probe):
            future = journal.append([row])
        await future
    return path.stat().st_size / number


async def measure(folder: Path) -> bool:
    """Print every figure; gives whether the goals are met."""
    fsync = bare_fsync(folder)
    print(f"bare fdatasync of 4 KB          p50 {at(fsync, 0.5):6.1f} ms   p99 {at(fsync, 0.99):6.1f} ms")
    path = folder / "journal.db"
    async with await Journal.open(path, SystemClock()) as journal:
        await journal.append(records(20_000, "tls"))
        async with asyncio.TaskGroup() as group:
            loaded = group.create_task(load(journal, RATE, SECONDS, "tls"))
            reading = group.create_task(read_elsewhere(path))
        quiet = await load(journal, QUIET_RATE, QUIET_SECONDS, "tls")
        harness = [await load(Nothing(), rate, QUIET_SECONDS, "tls") for rate in (RATE, QUIET_RATE)]
    delays = loaded.result().delays
    p99 = at(delays, 0.99)
    print(
        f"row to durable, {RATE}/s          p50 {at(delays, 0.5):6.1f} ms   p99 {p99:6.1f} ms   "
        f"max {delays[-1] * 1e3:.1f} ms   (goal: p99 < {GOAL_MS:.0f}; {reading.result()} rows read meanwhile in 2 s)"
    )
    print(f"  of which beyond window + fsync  p99 {p99 - 50 - at(fsync, 0.99):+.1f} ms")
    bare = bare_insert(folder) * 1e6
    for name, one, empty in ((f"{RATE}/s", loaded.result(), harness[0]), (f"{QUIET_RATE}/s", quiet, harness[1])):
        spent = (one.cpu / len(one.delays) - empty.cpu / len(empty.delays)) * 1e6
        print(f"CPU a record, {name:8}          {spent:6.1f} us   apsw alone {bare:.1f} us   ratio {spent / bare:.1f}")
    met = p99 < GOAL_MS
    for probe in ("tls", "http"):
        size = await bytes_a_record(folder, probe)
        print(f"bytes on disk a good {probe:4} record {size:6.1f}      (goal: at most {GOAL_BYTES:.0f})")
        met = met and size <= GOAL_BYTES
    return met


def main() -> int:
    """Run in a folder of its own on the disk that was asked for."""
    if sys.argv[1:2] == ["--read"]:
        print(long_read(Path(sys.argv[2]), 2.0))
        return 0
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        met = asyncio.run(measure(Path(folder)))
    print("goals met" if met else "GOALS MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
