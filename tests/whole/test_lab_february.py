"""February 2026 and its innocent twins in the lab: what the real daemon stores, concludes and tells is the truth."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daemon.rows import Delivery, Gap, Row
from daemon.sinks.lines import gap_slots
from probes.clock import SystemClock
from probes.record import Kind, Purpose, Record, series_parts
from tests.lab.daemons import Running, command, lines, measuring, soon
from tests.lab.influxd import ORG, TOKEN, Influxd
from tests.lab.net.february import Told, play
from tests.lab.net.lab import Lab, lab
from tests.lab.net.scenario import NORMAL, SCENARIOS, Stage, hold, let_go, read
from tests.lab.net.topology import CENSORED
from tests.lab.net.watch import configure, events_of, measured, slots_of
from tests.lab.receiver import SECRET, Receiver, parts_of, receiving

pytestmark = [pytest.mark.long, pytest.mark.netns]
log = logging.getLogger(__name__)
STORE_AND_DESK = """
[influxdb]
url = "{influxd.url}"
org = "{org}"
bucket = "{bucket}"
token = {{ env = "INFLUXDB_TOKEN" }}

[alerts.desk]
type = "webhook"
url = "{hook.url}"
secret = {{ env = "HOOK" }}
"""
SECOND = 1_000_000
SERIES = 10
"""At each vantage."""
INTERVAL, TIMEOUT = 2 * SECOND, 3 * SECOND // 2
"""Microseconds between two slots of a series, and of its longest run."""
NAMED = ("https://web.whatsapp.com/", "web.whatsapp.com/A@vantage")
NSDI = "web.whatsapp.com/A@195.208.4.1/udp"
"""It lies to whoever asks, abroad too."""
CONNECTED = ("g.whatsapp.net:5222", "mmg.whatsapp.net:443")
TAGS = ("service", "role", "endpoint", "probe", "vantage", "family")
Slot = tuple[str, ...]
"""The six tags of a series and the due time in nanoseconds."""


def injected(act: int, endpoint: str, vantage: str) -> str:
    """What a run must see in an act of the story: phase and kind, or `ok`."""
    if act in {1, 2} and (endpoint == NSDI or (endpoint in NAMED and vantage in CENSORED)):
        return "dns dns_nxdomain_error"
    if vantage in CENSORED and act == 2 and endpoint in CONNECTED:
        return "tcp generic_timeout_error"
    return "ok"


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    """One lab for all; each leaves it as it was."""
    with lab() as one:
        yield one


# ---- the story, played once ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Played:
    """What the story leaves behind: the acts' moments, the journal, the store, the receiver, the command's words."""

    told: list[Told]
    hook: Receiver
    rows: list[Row]
    shown: list[dict[str, Any]]
    """What `reachd events --json` says."""
    points: list[dict[str, Any]]
    events: list[dict[str, Any]]
    event_log: list[dict[str, Any]]

    def records(self, *purposes: Purpose) -> list[Record]:
        bodies = [row.body for row in self.rows if isinstance(row.body, Record)]
        return [record for record in bodies if record.purpose in purposes]

    def event(self) -> dict[str, Any]:
        """The last revision of the one event that there is."""
        assert len({revision["id"] for revision in self.shown}) == 1, self.shown
        return self.shown[-1]


@pytest.fixture(scope="module")
def played(made: Lab, influxd_session: Influxd, tmp_path_factory: pytest.TempPathFactory) -> Played:
    influxd_session.start()
    return asyncio.run(_played(made, influxd_session, tmp_path_factory.mktemp("february")))


async def _played(made: Lab, influxd: Influxd, folder: Path) -> Played:
    async with receiving() as hook:
        return await asyncio.to_thread(_play, made, influxd, folder, hook)


def _play(made: Lab, influxd: Influxd, folder: Path, hook: Receiver) -> Played:
    bucket = influxd.make_bucket()
    more = STORE_AND_DESK.format(influxd=influxd, org=ORG, bucket=bucket, hook=hook)
    with measuring(configure(folder, made, more), env={"INFLUXDB_TOKEN": TOKEN, "HOOK": SECRET}) as daemon:
        told = play(made, daemon, log.info)
        soon(lambda: any(row.body.transition == "ended" for row in daemon.rows("delivery")))
        last = daemon.rows()[-1].seq
        soon(lambda: daemon.ask("status")["followers"]["influx"]["cursor"] >= last)
        stored = [
            influxd.query(bucket, f"SELECT * FROM {name}")  # noqa: S608  names of ours
            for name in ("probe_result", "disruption_event", "event_log")
        ]
        shown = command("events", "--json", "--journal", str(daemon.journal), folder=folder)
        rows = [row for row in daemon.rows() if row.seq <= last]
        assert daemon.stop()[0] == 0
    return Played(told, hook, rows, lines(shown.stdout), *stored)


def moment(text: str) -> int:
    """Microseconds of a time as JSON lines tell it."""
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


# ---- concluded -------------------------------------------------------------------------------------------------------


@pytest.mark.influxd
def test_the_one_event_is_the_truth(played: Played) -> None:
    event = played.event()
    assert (event["service"], event["kind"], event["state"]) == ("whatsapp", "block", "ended")
    assert event["mechanisms"] == {"web": "dns.nxdomain", "chat": "tcp.drop", "media": "tcp.drop"}
    assert sorted(event["roles"]) == ["chat", "media", "web"]
    assert sorted(event["scope"]["endpoints"]) == sorted((NSDI, *NAMED, *CONNECTED))
    assert sorted(event["scope"]["vantages"]) == ["ru1", "ru2"]
    assert event["scope"]["countries"] == ["RU"]
    assert sorted(event["scope"]["asns"]) == [12389, 31133]
    assert event["comparators"] == {"max": "reachable", "controls": "reachable"}


@pytest.mark.influxd
def test_it_was_a_block_from_its_first_revision_and_grew_by_stages(played: Played) -> None:
    played.event()
    first = played.shown[0]
    assert {revision["kind"] for revision in played.shown} == {"block"}
    assert (first["state"], first["roles"], first["mechanism"]) == ("confirmed", ["web"], "dns.nxdomain")
    reach = [set(revision["roles"]) for revision in played.shown]
    assert all(before <= after for before, after in pairwise(reach))


@pytest.mark.influxd
def test_its_onset_and_end_are_when_the_censor_was_told(played: Played) -> None:
    event, (_well, (before, after), _dropped, (over, _told)) = played.event(), played.told
    earliest, latest = (moment(event["onset"][word]) for word in ("earliest", "latest"))
    longest = max(record.seconds for record in played.records(Purpose.SLOT) if record.began == latest)
    assert earliest <= after
    assert latest + round(longest * SECOND) >= before, "a run that was under way may be the first that fails"
    assert latest - earliest <= 2 * INTERVAL
    assert moment(event["detected"]) - before <= 5 * INTERVAL, "three slots in a row, and the wait for the first"
    assert over - TIMEOUT <= moment(event["ended"]) <= over + 2 * INTERVAL


# ---- stored ----------------------------------------------------------------------------------------------------------


@pytest.mark.influxd
def test_each_slot_in_the_store_is_what_was_injected(played: Played) -> None:
    seen: Counter[tuple[str, str, int]] = Counter()
    for point in played.points:
        act = _act(played.told, point)
        if act is not None:
            seen[point["endpoint"], point["vantage"], act] += 1
            said = f"{point['phase']} {point['result']}".lstrip()
            assert said == injected(act, point["endpoint"], point["vantage"]), point
            assert point["success"] == (said == "ok")
    series = {(point["endpoint"], point["vantage"]) for point in played.points}
    assert len(series) == 3 * SERIES
    assert all(seen[(*one, act)] for one in series for act in range(4)), seen


def _act(told: list[Told], point: dict[str, Any]) -> int | None:
    """The act that a run began and ended in; None while the network was being told."""
    begin = point["time"] // 1000 + point["start_offset_ms"] * 1000
    end = begin + 1000 + point["total_us"]
    acts = [number for number, (_before, after) in enumerate(told) if after <= begin]
    following = [before for before, _after in told if before > begin - 1000]
    return acts[-1] if acts and all(end <= before for before in following) else None


@pytest.mark.influxd
def test_the_store_holds_each_slot_of_the_journal_once_and_no_closer_look(played: Played) -> None:
    assert played.records(Purpose.CONFIRM), "nothing was looked at twice: the story shows nothing"
    assert played.records(Purpose.DIAGNOSE)
    wanted = {slot: said for row in played.rows for slot, said in _said(row)}
    stored = {_slot_of(point): (point["success"], point["result"], point["total_us"]) for point in played.points}
    assert len(stored) == len(played.points)
    newest = min(_newest(played.rows).values()) * 1000
    assert _until(newest, stored) == _until(newest, wanted)
    assert len(_until(newest, wanted)) > 200


def _slot_of(point: dict[str, Any]) -> Slot:
    return (*(str(point[tag]) for tag in TAGS), str(point["time"]))


def _said(row: Row) -> Iterator[tuple[Slot, tuple[int, str, int]]]:
    """What the store must say of the slots that a row accounts for."""
    body = row.body
    if isinstance(body, Gap):
        for due in gap_slots(body):
            yield (*series_parts(body.series), str(due * 1000)), (0, "skipped", 0)
    if isinstance(body, Record) and body.purpose is Purpose.SLOT:
        result = str(body.failure.kind) if body.failure else "ok"
        said = (int(body.failure is None), result, round(body.seconds * SECOND))
        yield (*series_parts(body.series), str(body.due * 1000)), said


def _newest(rows: list[Row]) -> dict[Any, int]:
    return {series: max(record.due for record in found) for series, found in slots_of(rows).items()}


def _until(newest: int, slots: dict[Slot, Any]) -> dict[Slot, Any]:
    """Those up to a moment at which every series had been heard of: later ones may still have been on their way."""
    return {slot: said for slot, said in slots.items() if int(slot[-1]) <= newest}


@pytest.mark.influxd
def test_the_event_in_the_store_is_that_of_the_journal(played: Played) -> None:
    event = played.event()
    (point,) = [point for point in played.events if point["state"] != "replaced"]
    assert (point["event_id"], point["service"], point["kind"]) == (event["id"], "whatsapp", "block")
    assert (point["revision"], point["state"]) == (event["revision"], "ended")
    assert point["mechanisms"] == "chat=tcp.drop media=tcp.drop web=dns.nxdomain"
    assert (point["vantages"], point["countries"]) == ("ru1 ru2", "RU")
    assert point["comparators"] == "controls=reachable max=reachable"
    assert point["time"] == moment(event["onset"]["earliest"]) * 1000
    assert point["ended_ms"] == moment(event["ended"]) // 1000
    stored = [(entry["event_id"], entry["revision"], entry["state"]) for entry in played.event_log]
    assert stored == [(one["id"], one["revision"], one["state"]) for one in played.shown]


# ---- told ------------------------------------------------------------------------------------------------------------


@pytest.mark.influxd
def test_the_desk_is_told_each_transition_once(played: Played) -> None:
    told = [part for body in played.hook.taken for part in parts_of(body)]
    settled = [row.body for row in played.rows if isinstance(row.body, Delivery)]
    assert told == [(it.event, it.revision, it.transition) for it in settled]
    assert {it.outcome for it in settled} == {"delivered"}
    assert {name for name, _revision, _word in told} == {played.event()["id"]}
    words = [word for _event, _revision, word in told]
    assert (words[0], words[-1]) == ("opened", "ended")
    assert set(words[1:-1]) <= {"grown", "changed"}
    assert len(words) == len(set(told)) >= 3, "opened, more of it, ended"
    assert played.hook.unsigned == 0


# ---- innocent twins --------------------------------------------------------------------------------------------------

Verdict = tuple[str | None, str, str, tuple[str, ...]]
"""Service, kind, mechanism, vantages."""
EVERYWHERE = ("free", "ru1", "ru2")
LINE_DEAD = replace(NORMAL, rules=({"link": "ru1", "direction": "both", "action": "drop"},))


@dataclass(frozen=True, slots=True)
class Twin:
    """What happens that is no block, which records show that it did, and the events that must come of it."""

    name: str
    stage: Stage
    shows: Callable[[Record], bool]
    verdicts: set[Verdict] = field(default_factory=set)


def _scenario(name: str) -> Stage:
    (stage,) = read(SCENARIOS / f"{name}.toml").stages
    return stage


def _loss(p: float) -> Stage:
    stage = _scenario("packet-loss")
    return replace(stage, rules=tuple({**rule, "p": p} for rule in stage.rules))


def _fails(kind: Kind, vantage: str) -> Callable[[Record], bool]:
    return lambda it: it.failure is not None and it.failure.kind is kind and it.series.vantage == vantage


def _resends(record: Record) -> bool:
    tcp = record.facts.tcp
    return record.series.vantage == "ru1" and tcp is not None and tcp.retransmits > 0


TWINS = (
    Twin(
        "server down for all",
        _scenario("server-down"),
        _fails(Kind.REFUSED, "free"),
        {("whatsapp", "service_outage", "tcp.reset", EVERYWHERE)},
    ),
    Twin(
        "certificate expired for all",
        _scenario("certificate-expired"),
        _fails(Kind.TLS_CERTIFICATE, "free"),
        {("whatsapp", "service_outage", "certificate", EVERYWHERE)},
    ),
    Twin("own line dead", LINE_DEAD, _fails(Kind.TIMEOUT, "ru1"), {(None, "vantage_outage", "outage", ("ru1",))}),
    Twin("own cable out", _scenario("own-line-down"), _fails(Kind.LOCAL, "ru1")),
    Twin("loss of 10 %", _loss(0.1), _resends),
)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_an_innocent_twin_is_called_what_it_is(twin: Twin, made: Lab, tmp_path: Path) -> None:
    with measuring(configure(tmp_path, made)) as daemon:
        since = _hold(made, daemon, twin.stage, twin.verdicts)
        records = [it for found in slots_of(daemon.rows("record")).values() for it in found if it.began > since]
        assert any(map(twin.shows, records)), "what was to happen did not"
        assert _verdicts(daemon) == twin.verdicts, events_of(daemon)


def _hold(made: Lab, daemon: Running, stage: Stage, verdicts: set[Verdict]) -> int:
    """Let a stage hold for five slots after three good ones, and until the verdicts are there; since when it held."""
    soon(lambda: measured(daemon, 3))
    try:
        hold(made, stage)
        since = SystemClock().wall()
        soon(lambda: measured(daemon, 5, since))
        soon(lambda: _verdicts(daemon) >= verdicts)
    finally:
        let_go(made, stage)
    return since


def _verdicts(daemon: Running) -> set[Verdict]:
    """What was ever concluded, suspected too."""
    return {(it.service, it.kind, it.mechanism, it.scope.vantages) for it in events_of(daemon)}
