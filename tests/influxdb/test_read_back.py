"""What a real InfluxDB holds afterwards equals the journal, field by field."""

from dataclasses import replace

import pytest

from daemon.journal.store import Journal
from daemon.rows import Gap, Health, Heartbeat, State
from probes.record import Kind, Phase, Timing
from tests.lab.influxd import Influxd
from tests.lab.samples import EVENT, SECOND, SERIES, THEN, expected, failed, record, varied
from tests.lab.sinking import running
from tests.lab.waiting import until


async def test_what_is_read_back_equals_the_journal_field_by_field(
    influxd: Influxd, bucket: str, journal: Journal
) -> None:
    made = varied(200, THEN)
    last = await journal.append(made)
    async with running(influxd.destination(bucket), journal) as (_, standing):
        await until(lambda: standing.cursor == last)
    found = influxd.query(bucket, "SELECT * FROM probe_result")
    codes = {(point.pop("result_code"), point.pop("phase_code")) for point in found}
    assert sorted(found, key=lambda point: point["time"]) == [expected(row) for row in made]
    assert len(codes) > len(Kind)


async def test_the_other_measurements_are_read_back(influxd: Influxd, bucket: str, journal: Journal) -> None:
    last = await journal.append(
        [
            State("whatsapp", "ru1", 2, 0.25, 7.0, 0.99),
            Heartbeat("ru1", True, ("ipv4",), 0.5),
            Health({"rows": 5, "lag": 0.25}),
            Gap(SERIES, THEN, THEN + 20 * SECOND, 10, "suspend"),
        ]
    )
    async with running(influxd.destination(bucket), journal, agent="here") as (_, standing):
        await until(lambda: standing.cursor == last)
    (state,) = influxd.query(bucket, "SELECT * FROM service_state")
    assert state.pop("time") % (60 * 10**9) == 0
    assert (state.pop("service"), state.pop("vantage")) == ("whatsapp", "ru1")
    assert state == {"state": 2, "availability": 0.25, "score": 7.0, "baseline": 0.99}
    (beat,) = influxd.query(bucket, "SELECT * FROM vantage_health")
    assert (beat["agent"], beat["up"], beat["control"], beat["clock_offset_ms"]) == ("-", 1, 1, 500.0)
    (health,) = influxd.query(bucket, "SELECT * FROM daemon_health")
    assert (health["agent"], health["rows"], health["lag"]) == ("here", 5.0, 0.25)
    skipped = influxd.query(bucket, "SELECT success, measured, result, failure FROM probe_result")
    words = [(point["success"], point["measured"], point["result"], point["failure"]) for point in skipped]
    assert words == [(0, 0, "skipped", "suspend")] * 3


async def test_an_event_that_changes_its_kind_leaves_no_open_point(
    influxd: Influxd, bucket: str, journal: Journal
) -> None:
    """Two revisions in one batch as well as one later: one open point remains, and the log holds every step."""
    unclear = replace(EVENT, kind="unreachable")
    confirmed = replace(unclear, revision=2, state="confirmed")
    turned = replace(confirmed, revision=3, kind="block", onset=(THEN - SECOND, THEN))
    back = replace(turned, revision=4, kind="unreachable", onset=(THEN, THEN))
    last = await journal.append([unclear, confirmed])
    async with running(influxd.destination(bucket), journal) as (_, standing):
        await until(lambda: standing.cursor == last)
        (point,) = influxd.query(bucket, "SELECT state, revision FROM disruption_event")
        assert (point["state"], point["revision"]) == ("confirmed", 2)
        last = await journal.append([turned])
        await until(lambda: standing.cursor == last)
        assert states(influxd, bucket) == {"unreachable": "replaced", "block": "confirmed"}
        last = await journal.append([back])
        await until(lambda: standing.cursor == last)
    assert states(influxd, bucket) == {"unreachable": "confirmed", "block": "replaced"}
    log = influxd.query(bucket, "SELECT revision, kind FROM event_log")
    assert [entry["revision"] for entry in log] == [1, 2, 3, 4]


def states(influxd: Influxd, bucket: str) -> dict[str, str]:
    return {
        point["kind"]: point["state"] for point in influxd.query(bucket, "SELECT state, kind FROM disruption_event")
    }


async def test_a_mean_over_a_phase_is_not_spoiled_by_runs_without_it(
    influxd: Influxd, bucket: str, journal: Journal
) -> None:
    """The queries of the decision on phases that did not run: they are 0, those that ran are above."""
    numeric = [record(slot, timings=(Timing(Phase.TCP, 0.0, 0.03),)) for slot in range(10)]
    named = [record(slot, timings=(Timing(Phase.DNS, 0.0, 0.01),)) for slot in range(10, 15)]
    paused = Gap(SERIES, THEN + 300 * SECOND, THEN + 400 * SECOND, 10, "pause")
    last = await journal.append([*numeric, *named, failed(20), paused])
    async with running(influxd.destination(bucket), journal) as (_, standing):
        await until(lambda: standing.cursor == last)
    (mean,) = influxd.query(bucket, 'SELECT mean("dns_us") FROM probe_result WHERE "dns_us" > 0 AND "success" = 1')
    assert mean["mean"] == 10_000
    (available,) = influxd.query(bucket, 'SELECT mean("success") FROM probe_result WHERE "measured" = 1')
    assert available["mean"] == pytest.approx(15 / 16)


async def test_the_same_rows_delivered_twice_are_there_once(influxd: Influxd, bucket: str, journal: Journal) -> None:
    """At-least-once with deterministic points: whatever is sent again changes nothing."""
    gap = Gap(SERIES, THEN + 3000 * SECOND, THEN + 3090 * SECOND, 10, "overload")
    last = await journal.append([*varied(50, THEN), gap, EVENT, replace(EVENT, revision=2, kind="throttle")])
    everything = []
    for _ in range(2):
        async with running(influxd.destination(bucket), journal) as (_, standing):
            await until(lambda: standing.cursor == last)
        measurements = ("probe_result", "disruption_event", "event_log")
        everything.append([influxd.query(bucket, f"SELECT * FROM {name}") for name in measurements])  # noqa: S608
        await journal.commit("influx", 0, [], dict.fromkeys(["event/EVENT1", "counts"]))
    assert everything[0] == everything[1]
    assert [len(rows) for rows in everything[0]] == [60, 2, 2]
