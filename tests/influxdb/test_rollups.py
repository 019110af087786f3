"""Rollups in a real InfluxDB: what is read back is what a plain recomputation of the records gives."""

import asyncio
from pathlib import Path

from daemon.classes import FailureClass
from daemon.follower import Standing, follow
from daemon.journal.reader import open_reader
from daemon.journal.store import Journal
from daemon.rollup import Rollups
from daemon.rows import Gap, Rollup
from probes.clock import SystemClock
from tests.lab.hand_clock import HandClock
from tests.lab.influxd import Influxd
from tests.lab.rollups import BASE, FAILURES, PLAN, SERIES, Stamped, ending, recomputed, slot
from tests.lab.samples import SECOND
from tests.lab.sinking import running
from tests.lab.waiting import until


def story() -> list[Stamped]:
    """Two hours of three series with failures and a gap, half an hour of it late, some of it twice."""
    found: list[Stamped] = [(0, PLAN)]
    for due in range(0, 7200, 10):
        for number, every in enumerate((10, 60, 300)):
            if due % every == 0 and not 1800 <= due < 2400:
                failure = FAILURES[due // every % 4] if due % 7 == 0 else None
                found.append((due + (5400 if 3600 <= due < 5400 else 1), slot(number, due, due * 31 % 90_001, failure)))
    found.append((2400, Gap(SERIES[0], BASE + 1800 * SECOND, BASE + 2390 * SECOND, 10, "overload")))
    return sorted([*found, *found[::5]], key=lambda one: one[0]) + ending(10_800)


async def test_what_is_read_back_is_a_recomputation(influxd: Influxd, bucket: str, tmp_path: Path) -> None:
    clock = HandClock(BASE)
    path = tmp_path / "journal.db"
    async with await Journal.open(path, clock) as journal, asyncio.TaskGroup() as group:
        standing = Standing("rollup")
        task = group.create_task(follow(journal, Rollups(journal.recall), SystemClock(), standing))
        async with running(influxd.destination(bucket), journal) as (_, sent):
            for at, body in story():
                clock.now = BASE + at * SECOND
                last = journal.append([body])
            read = await last
            await until(lambda: standing.cursor >= read)
            await until(lambda: sent.cursor == journal.last and standing.cursor == journal.last)
        task.cancel()
    with open_reader(path) as reader:
        wanted = recomputed(reader.rows())
    for name, width in (("probe_5m", 300), ("probe_1h", 3600)):
        found = influxd.query(bucket, f"SELECT * FROM {name}")  # noqa: S608  names of ours
        assert {(point["endpoint"], point["time"]): point for point in found} == {
            (one.series.endpoint, one.start * 1000): expected(one) for one in wanted.values() if one.width == width
        }
    (mean,) = influxd.query(bucket, f"SELECT sum(ok) / sum(n) AS share FROM probe_1h WHERE time = {BASE * 1000}")  # noqa: S608
    assert 0.8 < mean["share"] < 1
    assert len(wanted) == 26 + 24 + 24, "two series have no gap row for the ten minutes without a record"


def expected(one: Rollup) -> dict[str, object]:
    """A point as it must be read back, told from the rollup and not from our lines."""
    spread = one.latency
    return {
        "time": one.start * 1000,
        **{name: getattr(one.series, name) for name in ("service", "role", "endpoint", "probe", "vantage", "family")},
        "n": one.n,
        "ok": one.ok,
        "fail": one.n - one.ok,
        "local": one.local,
        "skipped": one.skipped,
        **{str(name): one.failures.get(name, 0) for name in FailureClass},
        **{f"{name}_us": getattr(spread, name) if spread else 0 for name in ("min", "p50", "p90", "p95", "max")},
    }
