"""The whole daemon under load, killed at random moments, with a real InfluxDB beside it: nothing lost or twice."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from config.slots import SECOND
from daemon.rows import Gap, Row
from probes.record import Purpose, Record, series_parts
from tests.lab.daemons import answering_port, rows_of, service, soon, started, write_config
from tests.lab.influxd import TOKEN, Influxd
from tests.lab.servers import closed_port

TARGETS = 100
"""Series at one slot a second each, a third of them refused."""
Key = tuple[str, ...]


def configure(folder: Path, influxd: Influxd, bucket: str, port: int) -> Path:
    good = [f"127.0.{number}.1:{port}" for number in range(2 * TARGETS // 3)]
    closed = closed_port()
    refused = [f"127.1.{number}.1:{closed}" for number in range(TARGETS - len(good))]
    (folder / "token").write_text(TOKEN)
    store = f'[influxdb]\nurl = "{influxd.url}"\norg = "lab"\nbucket = "{bucket}"\ntoken = {{ file = "token" }}\n'
    return write_config(folder, {"lab": service("lab", *good, *refused)}, store)


def records_in(rows: list[Row]) -> list[Record]:
    return [row.body for row in rows if isinstance(row.body, Record) and row.body.purpose is Purpose.SLOT]


def key_of(record: Record) -> Key:
    return (*series_parts(record.series), str(record.due * 1000))


def stored(influxd: Influxd, bucket: str) -> dict[Key, dict[str, object]]:
    """Every measured point of the store by series and time."""
    rows = influxd.query(bucket, "SELECT * FROM probe_result WHERE result != 'skipped'")
    tags = ("service", "role", "endpoint", "probe", "vantage", "family")
    points = {(*(str(row[tag]) for tag in tags), str(row["time"])): row for row in rows}
    assert len(points) == len(rows)
    return points


def drained(journal: Path, influxd: Influxd, bucket: str) -> bool:
    return set(stored(influxd, bucket)) >= set(map(key_of, records_in(rows_of(journal, "record"))))


@pytest.mark.long
@pytest.mark.influxd
def test_killed_twenty_times_under_load_the_store_holds_each_measured_slot_once(
    tmp_path: Path, influxd: Influxd, bucket: str
) -> None:
    chance = random.Random(20260211)
    journal = tmp_path / "journal.db"
    seen: set[str] = set()
    with answering_port() as port:
        config = configure(tmp_path, influxd, bucket, port)
        for _ in range(20):
            with started(config, folder=tmp_path) as daemon:
                soon(lambda: "running:" in daemon.said())
                time.sleep(chance.uniform(0.2, 3.0))  # the moment of the kill is what is random here
                daemon.process.kill()
                daemon.process.wait()
            now = {record.id for record in records_in(rows_of(journal, "record"))}
            assert seen <= now, "a committed record is gone"
            seen = now
        with started(config, folder=tmp_path) as daemon:
            soon(lambda: len(records_in(daemon.rows("record"))) > len(seen))
            daemon.ask("pause")
            soon(lambda: drained(journal, influxd, bucket), 60)
            assert daemon.stop()[0] == 0
    compare(rows_of(journal), stored(influxd, bucket))


def compare(rows: list[Row], points: dict[Key, dict[str, object]]) -> None:
    """The journal and the store tell the same, field by field, and no slot twice."""
    records = records_in(rows)
    assert len(records) > 20 * TARGETS / 2
    told = Counter(key_of(record) for record in records)
    assert set(told.values()) == {1}, "a slot was measured twice"
    assert set(points) == set(told)
    for record in records:
        point = points[key_of(record)]
        assert point["success"] == int(record.failure is None)
        assert point["failure"] == (str(record.failure.kind) if record.failure else "")
        assert point["total_us"] == round(record.seconds * SECOND)
        assert point["start_offset_ms"] == (record.began - record.due) // 1000
        assert point["address"] == record.facts.address
    gaps = [row.body for row in rows if isinstance(row.body, Gap)]
    accounted = {key[:6] for key in told} | {series_parts(gap.series) for gap in gaps}
    assert len(accounted) == TARGETS
