"""A real InfluxDB is killed, frozen, closed to us or without its bucket: afterwards it holds every point once."""

import asyncio

import pytest

from daemon.journal.store import Journal
from probes.record import Record
from tests.lab.influxd import Influxd
from tests.lab.samples import SECOND, THEN, varied
from tests.lab.sinking import CLOCK, QUICK, running
from tests.lab.waiting import until


def assert_holds(influxd: Influxd, bucket: str, made: list[Record]) -> None:
    """Every record once, and nothing else."""
    found = influxd.query(bucket, "SELECT config FROM probe_result")
    assert [(point["time"], point["config"]) for point in found] == [(row.due * 1000, row.config) for row in made]


async def test_a_server_that_is_killed_and_started_again(influxd: Influxd, bucket: str, journal: Journal) -> None:
    made = varied(3000, THEN)
    async with running(influxd.destination(bucket), journal, QUICK) as (_, standing):
        for part in range(0, 3000, 100):
            last = await journal.append(made[part : part + 100])
            if part == 500:
                influxd.kill()
            if part == 1500:
                await until(lambda: bool(standing.holding))
                await asyncio.to_thread(influxd.start)
        await until(lambda: standing.cursor == last)
        assert standing.failures == 0
    assert_holds(influxd, bucket, made)


async def frozen(influxd: Influxd, bucket: str, journal: Journal, seconds: float) -> None:
    made = varied(600, THEN)
    async with running(influxd.destination(bucket), journal, QUICK) as (_, standing):
        before = await journal.append(made[:300])
        await until(lambda: standing.cursor == before)
        influxd.freeze()
        last = await journal.append(made[300:])
        await asyncio.sleep(seconds)
        assert (standing.cursor, bool(standing.holding), standing.alarm) == (before, True, False)
        influxd.thaw()
        await until(lambda: standing.cursor == last)
    assert_holds(influxd, bucket, made)


async def test_a_server_frozen_for_2_s(influxd: Influxd, bucket: str, journal: Journal) -> None:
    await frozen(influxd, bucket, journal, 2.0)


@pytest.mark.long
async def test_a_server_frozen_for_60_s(influxd: Influxd, bucket: str, journal: Journal) -> None:
    await frozen(influxd, bucket, journal, 60.0)


async def test_a_bad_token_and_then_the_right_one(influxd: Influxd, bucket: str, journal: Journal) -> None:
    made = varied(100, THEN)
    last = await journal.append(made)
    async with running(influxd.destination(bucket, token="wrong"), journal) as (_, standing):
        await until(lambda: standing.alarm)
        assert standing.holding == "the store refuses us: 401 unauthorized access"
    async with running(influxd.destination(bucket), journal) as (_, standing):
        await until(lambda: standing.cursor == last)
    assert_holds(influxd, bucket, made)


async def test_a_missing_bucket_and_then_it_is_made(influxd: Influxd, journal: Journal) -> None:
    made = varied(100, (CLOCK.wall() - 1200 * SECOND) // SECOND * SECOND)
    last = await journal.append(made)
    async with running(influxd.destination("later"), journal) as (sink, standing):
        await until(lambda: standing.alarm)
        assert standing.holding == 'the store refuses us: 404 bucket "later" not found'
        influxd.make_bucket("later", keep=7200)
        await until(lambda: standing.cursor == last)
        assert sink.delivery.retention == 7200 * 10**9
    assert_holds(influxd, "later", made)


async def test_a_stop_at_any_moment_loses_nothing_and_repeats_nothing(
    influxd: Influxd, bucket: str, journal: Journal
) -> None:
    made = varied(2000, THEN)
    last = await journal.append(made)
    for moment in range(20):
        async with running(influxd.destination(bucket), journal) as (sink, _):
            sink.batch = 150
            await asyncio.sleep(0.002 * moment)
    async with running(influxd.destination(bucket), journal) as (_, standing):
        await until(lambda: standing.cursor == last)
    assert_holds(influxd, bucket, made)
