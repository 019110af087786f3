"""Lines that a real InfluxDB refuses: they are found, kept with its words, and cost no good point."""

import json
from typing import Any

import pytest

from daemon.journal.store import Journal
from daemon.sinks.lines import record_line
from daemon.sinks.protocol import Line
from probes.record import Record
from tests.lab.influxd import Influxd
from tests.lab.samples import SECOND, THEN, record, records
from tests.lab.sinking import CLOCK, running
from tests.lab.waiting import until

MONTH = 86_400 * 30


async def quarantined(journal: Journal) -> list[dict[str, Any]]:
    _, saved = await journal.resume("influx")
    return [json.loads(text) for key, text in saved.items() if key.startswith("quarantine/")]


def times(influxd: Influxd, bucket: str) -> list[int]:
    return sorted(point["time"] for point in influxd.query(bucket, "SELECT success FROM probe_result"))


async def test_one_unparsable_line_among_5000(
    influxd: Influxd, bucket: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = THEN + 1234 * 10 * SECOND

    def line(seq: int, row: Record) -> Line | None:
        made = record_line(seq, row)
        assert made
        return made._replace(text=b",bytes_in= ".join(made.text.rsplit(b" ", 1))) if row.due == bad else made

    monkeypatch.setattr("daemon.sinks.parcel.record_line", line)
    last = await journal.append(records(5000))
    async with running(influxd.destination(bucket), journal) as (sink, standing):
        await until(lambda: standing.cursor == last)
    (kept,) = await quarantined(journal)
    assert kept["status"] == 400
    assert kept["words"].startswith("unable to parse 'probe_result,endpoint=g.whatsapp.net:5222")
    assert kept["line"].endswith(f",bytes_in= {bad * 1000}")
    assert times(influxd, bucket) == [row.due * 1000 for row in records(5000) if row.due != bad]
    assert sink.figures.quarantined == 1


async def test_what_another_writer_spoiled(influxd: Influxd, bucket: str, journal: Journal) -> None:
    """Somebody wrote a float into a field of ours: the server keeps that type for the rest of the shard's week."""
    influxd.write(bucket, f"probe_result,service=x bytes_in=1.5 {THEN * 1000}")
    spoiled = [record(slot) for slot in range(7)]
    elsewhere = [record(slot, due=THEN + (slot + MONTH) * SECOND) for slot in range(4993)]
    last = await journal.append([*elsewhere[:2500], *spoiled, *elsewhere[2500:]])
    async with running(influxd.destination(bucket), journal) as (sink, standing):
        await until(lambda: standing.cursor == last)
    kept = await quarantined(journal)
    assert sorted(int(one["line"].rsplit(" ", 1)[1]) for one in kept) == [row.due * 1000 for row in spoiled]
    assert all(one["status"] == 422 and "field type conflict" in one["words"] for one in kept)
    assert times(influxd, bucket) == [row.due * 1000 for row in elsewhere]
    assert sink.figures.requests < 60


@pytest.mark.parametrize("may_look", [True, False])
async def test_points_older_than_the_retention(influxd: Influxd, journal: Journal, may_look: bool) -> None:
    bucket = influxd.make_bucket(keep=3600)
    now = CLOCK.wall() // SECOND * SECOND
    young = [record(slot, due=now - slot * 10 * SECOND) for slot in range(50)]
    last = await journal.append([*records(50), *young])
    token = {} if may_look else {"token": influxd.write_only_token(bucket)}
    async with running(influxd.destination(bucket, **token), journal) as (sink, standing):
        await until(lambda: standing.cursor == last)
    assert times(influxd, bucket) == sorted(row.due * 1000 for row in young)
    assert (sink.figures.clipped, sink.figures.quarantined) == (50, 0)
    assert sink.figures.requests == (1 if may_look else 2)
    assert sink.delivery.retention == pytest.approx(3600 * 10**9, rel=0.01)


async def test_points_at_the_edge_of_the_retention(influxd: Influxd, journal: Journal) -> None:
    """They grow too old while they wait: whatever the server drops is counted, the rest is stored."""
    bucket = influxd.make_bucket(keep=3600)
    edge = CLOCK.wall() - 3600 * SECOND
    made = [record(0, due=edge + step * SECOND // 20) for step in range(-20, 100)]
    last = await journal.append(made)
    async with running(influxd.destination(bucket), journal) as (sink, standing):
        await until(lambda: standing.cursor == last)
    stored = times(influxd, bucket)
    assert len(stored) + sink.figures.clipped == len(made)
    assert stored == [row.due * 1000 for row in made[-len(stored) :]]
    assert sink.figures.quarantined == 0
