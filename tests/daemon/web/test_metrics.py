"""/metrics: one text that Prometheus's own tools accept, of a daemon that measured, behind the guards of the page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import prometheus_client
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from config.secrets import Secret
from daemon import app
from daemon.parts import Daemon
from daemon.web.families import SERIES_LIMIT
from daemon.web.guard import Keys, guard
from daemon.web.known import Known, look_at
from daemon.web.metrics import CONTENT_TYPE, exposition, names, routes
from probes.record import Kind
from tests.lab.daemons import answering_port, one_service, put_together
from tests.lab.knowing import many, what_is_known
from tests.lab.prometheus import check
from tests.lab.samples import FACTS, SECOND, THEN, failed, record
from tests.lab.servers import closed_port
from tests.lab.waiting import until

OWN_NAMES = {name for name, *_ in names()}


def text(known: Known, limit: int = SERIES_LIMIT) -> str:
    return "".join(exposition(known, limit=limit))


def parsed(said: str) -> dict[str, Metric]:
    families = list(text_string_to_metric_families(said))
    assert len({family.name for family in families}) == len(families), "a metric is told twice"
    return {family.name: family for family in families}


def endpoints(said: str, name: str) -> dict[str, float]:
    return {sample.labels["endpoint"]: sample.value for sample in parsed(said)[name].samples}


# ---- the text ----


def test_every_metric_is_in_the_table_of_names_and_the_other_way_round() -> None:
    told = {line.split()[2] for line in text(what_is_known([record(0)])).splitlines() if line.startswith("# TYPE")}
    assert told == OWN_NAMES


def test_types_and_labels_are_those_of_the_table() -> None:
    families = parsed(text(what_is_known([record(0), failed(1)])))
    for name, kind, labels, meaning in names():
        family = families[name.removesuffix("_total")]
        assert (family.type, family.documentation) == (kind, meaning)
        if kind != "histogram":
            assert all(set(sample.labels) == set(filter(None, labels.split(", "))) for sample in family.samples)


def test_the_same_knowledge_gives_the_same_text() -> None:
    known = what_is_known([*many(5), failed(3)])
    assert text(known) == text(known)


def test_lateness_is_a_histogram() -> None:
    late = [record(slot, facts=replace(FACTS, loop_lag=lag)) for slot, lag in enumerate((0.0, 0.002, 0.3, 2.0))]
    samples = parsed(text(what_is_known(late)))["reachd_start_lateness_seconds"].samples
    buckets = {sample.labels["le"]: sample.value for sample in samples if sample.name.endswith("_bucket")}
    assert (buckets["0.001"], buckets["0.0025"], buckets["0.5"], buckets["1.0"], buckets["+Inf"]) == (1, 2, 3, 3, 4)
    assert {sample.name.rpartition("_")[2]: sample.value for sample in samples[-2:]} == {"count": 4, "sum": 2.302}


def test_a_fault_of_our_own_gives_no_verdict() -> None:
    said = text(what_is_known([failed(0, kind=Kind.LOCAL)]))
    assert endpoints(said, "probe_success") == {}
    assert endpoints(said, "reachd_last_slot_measured") == {"g.whatsapp.net:5222": 0}


def test_no_data_is_not_ok() -> None:
    later = what_is_known([record(0)], now=THEN + 3_600 * SECOND)
    assert endpoints(text(later), "probe_success") == {}


def test_series_that_left_the_plan_disappear() -> None:
    both = what_is_known(many(2))
    assert set(endpoints(text(both), "probe_success")) == {"host0:443", "host1:443"}
    one = replace(both, assignments=both.assignments[:1])
    assert "host1:443" not in text(one)


def test_hostile_labels_stay_labels(tmp_path: Path) -> None:
    name = 'x"} 1\nprobe_success{service="'
    evil = replace(record(0).series, service=name, endpoint="\\", vantage='\n"')
    families = parsed(text(what_is_known([failed(0, series=evil)])))
    (success,) = families["probe_success"].samples
    assert (success.labels["service"], success.labels["endpoint"], success.labels["vantage"]) == (name, "\\", '\n"')
    assert {sample.labels["service"] for sample in families["reachd_slots"].samples} == {name}


# ---- bounded ----


@pytest.mark.parametrize(("limit", "lines"), [(10, 10), (9, 0)])
def test_above_the_limit_only_totals_are_given(limit: int, lines: int) -> None:
    said = text(what_is_known(many(10)), limit=limit)
    assert said.count("\nprobe_success{") == lines
    assert ("# More than 9 series are planned" in said) is (lines == 0)
    totals = parsed(said)["reachd_series_last_outcome"].samples
    assert {sample.labels["outcome"]: sample.value for sample in totals}["ok"] == 10


@pytest.mark.prometheus
def test_promtool_accepts_the_text_above_the_limit() -> None:
    assert check(text(what_is_known(many(10)), limit=9)) == ""


def test_a_thousand_series_are_told_quickly() -> None:
    """bench/metrics.py measures; this only finds a gross mistake on a busy machine."""
    known = what_is_known(many(1_000))
    began = perf_counter()
    text(known)
    assert perf_counter() - began < 1


# ---- of a daemon ----


@asynccontextmanager
async def asked(daemon: Daemon, keys: Keys | None = None) -> AsyncIterator[ClientSession | TestClient]:
    """A client of an application that has nothing but /metrics."""
    application = web.Application(middlewares=[guard(keys)] if keys else [])
    routes(look_at(daemon))(application)
    async with TestClient(TestServer(application, host="127.0.0.1")) as client:
        yield client


@asynccontextmanager
async def measured(folder: Path) -> AsyncIterator[tuple[Daemon, int, int]]:
    """A daemon that has measured a port that answers and one that refuses."""
    refusing = closed_port()
    with answering_port() as port:
        config = one_service(folder, f"127.0.0.1:{port}", f"127.0.0.1:{refusing}")
        async with put_together(config) as daemon:
            await app._start(daemon, ())
            await until(lambda: len(daemon.tally.last) == 2)
            yield daemon, port, refusing


async def test_a_daemon_tells_what_it_measured(tmp_path: Path) -> None:
    async with measured(tmp_path) as (daemon, port, refusing), asked(daemon) as client:
        answer = await client.get("/metrics")
        said = await answer.text()
        assert answer.status == 200
        assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert endpoints(said, "probe_success") == {f"127.0.0.1:{port}": 1, f"127.0.0.1:{refusing}": 0}
    families = parsed(said)
    late = [sample.value for sample in families["reachd_start_lateness_seconds"].samples]
    assert late[-2] >= 2
    (busy,) = families["reachd_detector_seconds"].samples
    assert busy.value > 0
    assert {"process_cpu_seconds", "process_resident_memory_bytes"} <= set(families)


@pytest.mark.prometheus
async def test_promtool_is_content_with_a_daemon_that_measured(tmp_path: Path) -> None:
    async with measured(tmp_path) as (daemon, _port, _refusing), asked(daemon) as client:
        said = await (await client.get("/metrics")).text()
    assert check(said) == ""


async def test_a_reload_takes_a_series_away(tmp_path: Path) -> None:
    async with measured(tmp_path) as (daemon, _port, refusing), asked(daemon) as client:
        plan = daemon.now.plan
        kept = tuple(item for item in plan.assignments if str(refusing) not in item.series.endpoint)
        daemon.now = replace(daemon.now, plan=replace(plan, assignments=kept))
        said = await (await client.get("/metrics")).text()
    assert f"127.0.0.1:{refusing}" not in said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer right"}, 200),
        ({"Authorization": "Bearer right", "Host": "evil.example"}, 421),
    ],
)
async def test_the_guards_of_the_page_hold_for_it_too(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    keys = Keys("127.0.0.1", token=Secret("right", "a test"))
    async with put_together(one_service(tmp_path, "127.0.0.1:9")) as daemon, asked(daemon, keys) as client:
        answer = await client.get("/metrics", headers=headers)
        assert answer.status == status
        assert ("reachd_build_info" in await answer.text()) is (status == 200)


async def test_the_loop_goes_on_between_two_pieces(tmp_path: Path) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with put_together(one_service(tmp_path, "127.0.0.1:9")) as daemon, asked(daemon) as client:
        other = asyncio.ensure_future(count())
        before = turns
        await client.get("/metrics")
        other.cancel()
    assert turns > before


def test_two_daemons_share_no_registry() -> None:
    """Nothing of ours is in the client library's global registry, whatever is looked at."""
    text(what_is_known([record(0)]))
    known_everywhere = {family.name for family in prometheus_client.REGISTRY.collect()}
    assert not any(name.startswith(("reachd_", "probe_")) for name in known_everywhere)
    first, second = what_is_known([record(0)]), what_is_known([failed(0), failed(1)])
    assert text(first) != text(second)
    assert text(first) == text(what_is_known([record(0)]))
