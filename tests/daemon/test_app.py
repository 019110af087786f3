"""The daemon as a process: it measures, answers signals, accounts for every slot, and stops in time."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.slots import SPREAD
from daemon.journal.reader import open_reader
from daemon.rows import Gap, Heartbeat, PlanRow
from daemon.schedule import GRACE
from probes.clock import SystemClock
from probes.record import Kind, Purpose, Record
from tests.lab.daemons import (
    Running,
    answering_port,
    command,
    lines,
    measuring,
    one_service,
    rows_of,
    service,
    slots,
    soon,
    started,
    write_config,
)
from tests.lab.servers import black_hole, closed_port

EVERY = 1_000_000


@pytest.fixture
def port() -> Iterator[int]:
    with answering_port() as number:
        yield number


@pytest.fixture
def config(tmp_path: Path, port: int) -> Path:
    return one_service(tmp_path, f"127.0.0.1:{port}")


def plans(daemon: Running) -> list[PlanRow]:
    return [row.body for row in daemon.rows("plan") if isinstance(row.body, PlanRow)]


def gaps(journal: Path, reason: str) -> list[Gap]:
    return [row.body for row in rows_of(journal, "gap") if isinstance(row.body, Gap) and row.body.reason == reason]


# ---- measuring ----


def test_the_plan_comes_first_then_records_and_signs_of_life(tmp_path: Path, port: int) -> None:
    targets = {"lab": service("lab", f"127.0.0.1:{port}", f"127.0.0.1:{closed_port()}")}
    control = {"clear": service("clear", f"127.0.0.1:{port}", side="control")}
    with measuring(write_config(tmp_path, targets | control)) as daemon:
        daemon.measures(9)
        soon(lambda: [row for row in daemon.rows("heartbeat") if row.body.control])
        assert daemon.stop()[0] == 0
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith("journal")}
    assert left == {"journal.db", "journal.db.lock"}
    with open_reader(daemon.journal) as reader:
        assert reader.cursors().keys() >= {"detect", "rollup", "log"}
    rows = rows_of(daemon.journal)
    plan = rows[0].body
    assert isinstance(plan, PlanRow)
    assert plan.services == {"lab": "foreign", "clear": "control"}
    assert (plan.vantages["here"].country, plan.vantages["here"].asn) == ("RU", 64500)
    records = [row.body for row in rows if isinstance(row.body, Record)]
    planned = {one.series for one in plan.assignments}
    assert {record.series for record in records} == planned
    assert {record.failure and record.failure.kind for record in records} == {None, Kind.REFUSED}
    late = [record.began - record.due for record in records if record.purpose is Purpose.SLOT]
    assert all(0 <= after < SPREAD * EVERY + GRACE * EVERY for after in late)
    beats = [row.body for row in rows if isinstance(row.body, Heartbeat)]
    assert {beat.vantage for beat in beats} == {"here"}
    assert "ipv4" in beats[-1].families


# ---- stopping ----


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_three_seconds_and_what_was_under_way_is_a_gap(tmp_path: Path, number: signal.Signals) -> None:
    with black_hole() as silent:
        config = one_service(tmp_path, f"127.0.0.1:{silent}", every="4s", timeout="4s")
        with started(config, folder=tmp_path) as daemon:
            soon(lambda: "running:" in daemon.said())
            soon(lambda: daemon.ask("status")["figures"]["in_flight"])
            code, seconds = daemon.stop(number)
    assert code == 0
    assert seconds < 3
    (gap,) = gaps(daemon.journal, "stop")
    assert gap.first == gap.last
    assert gap.series.endpoint == f"127.0.0.1:{silent}"
    assert not daemon.rows("record")
    assert daemon.said().rstrip().endswith("app: stopped")
    assert "Traceback" not in daemon.said()


# ---- starting again ----


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_accounts_for_every_slot_once(config: Path, number: signal.Signals) -> None:
    with measuring(config) as first:
        first.measures(2)
        first.stop(number)
    ended = rows_of(first.journal)[-1]
    soon(lambda: SystemClock().wall() > ended.at + 2 * EVERY)
    with measuring(config) as second:
        second.measures(2, since=ended.seq)
        assert second.stop()[0] == 0
    (told,) = slots(rows_of(second.journal)).values()
    assert told == list(range(told[0], told[-1] + 1, EVERY))
    assert gaps(second.journal, "down")
    assert len(rows_of(second.journal, "plan")) == 2


def test_a_second_daemon_on_the_same_journal_is_refused(config: Path) -> None:
    with measuring(config) as daemon:
        refused = command("run", "--config", str(config), folder=config.parent)
        assert refused.returncode == 2
        assert f"in use by another reachd (process {daemon.process.pid})" in refused.stderr
        assert "Traceback" not in refused.stderr
        last = daemon.rows("record")[-1].seq
        daemon.measures(since=last)


# ---- another configuration ----


def test_a_hangup_takes_a_changed_file(config: Path, port: int) -> None:
    with measuring(config) as daemon, answering_port() as other:
        one_service(config.parent, f"127.0.0.1:{port}", f"127.0.0.1:{other}")
        daemon.send(signal.SIGHUP)
        soon(lambda: len(plans(daemon)) == 2)
        soon(lambda: f"127.0.0.1:{other}" in {row.body.series.endpoint for row in daemon.rows("record")})
    assert plans(daemon)[1].changed == ("lab from here: 1 series added",)
    assert "reload: reloaded: lab from here: 1 series added" in daemon.said()
    told = slots(daemon.rows())[f"127.0.0.1:{port}"]
    assert told == list(range(told[0], told[-1] + 1, EVERY)), "the series that stayed was disturbed"


def test_a_hangup_with_a_broken_file_changes_nothing(config: Path) -> None:
    text = config.read_text()
    with measuring(config) as daemon:
        config.write_text(text.replace('consent = "loopback of this machine"', 'consent = ""', 1))
        daemon.send(signal.SIGHUP)
        soon(lambda: "not reloaded" in daemon.said())
        last = daemon.rows("record")[-1].seq
        daemon.measures(2, since=last)
        assert daemon.stop()[0] == 0
    line = text.splitlines().index('consent = "loopback of this machine"') + 1
    assert f"reachd.toml:{line}: vantages.here.consent" in daemon.said()
    assert "Traceback" not in daemon.said()
    assert len(plans(daemon)) == 1


# ---- what it says ----


def test_json_lines_for_programs(config: Path) -> None:
    with measuring(config, "--log-format", "json") as daemon:
        daemon.send(signal.SIGHUP)
        soon(lambda: "nothing changed" in daemon.said())
        assert daemon.stop()[0] == 0
    said = lines(daemon.said())
    assert [line["name"] for line in said] == ["reachd.app", "reachd.reload", "reachd.app"]
    assert {line["level"] for line in said} == {"info"}
    assert said[1]["message"] == "reloaded: nothing changed"


def test_a_change_is_told_once_and_a_restart_does_not_tell_it_again(tmp_path: Path, port: int) -> None:
    with ExitStack() as stack:
        closing = stack.enter_context(answering_port())
        lab = service("lab", f"127.0.0.1:{closing}", f"127.0.0.1:{port}")
        clear = service("clear", f"127.0.0.1:{port}", side="control")
        config = write_config(tmp_path, {"lab": lab, "clear": clear})
        with measuring(config, "--log-format", "json") as daemon:
            daemon.measures(6)
            stack.close()
            soon(lambda: '"reachd.events"' in daemon.said())
            daemon.measures(6, since=daemon.rows("record")[-1].seq)
            assert daemon.stop()[0] == 0
        with measuring(config) as again:
            again.measures(3, since=daemon.rows("record")[-1].seq)
            soon(lambda: again.ask("status")["followers"]["log"]["behind"] < 10)
            assert again.stop()[0] == 0
    told = [line for line in lines(daemon.said()) if line["name"] == "reachd.events"]
    assert [line["message"] for line in told if "down" in line["message"]] == [
        f"here: down: lab site 127.0.0.1:{closing} tcp ipv4 (tcp: connection_refused)"
    ]
    assert "down" not in again.said()


def test_a_store_that_refuses_is_told_once_and_disturbs_nothing(tmp_path: Path, port: int) -> None:
    store = (
        f'[influxdb]\nurl = "http://127.0.0.1:{closed_port()}"\norg = "o"\nbucket = "b"\ntoken = {{ env = "TOKEN" }}\n'
    )
    config = one_service(tmp_path, f"127.0.0.1:{port}", more=f"\n{store}")
    with measuring(config, env={"TOKEN": "t0ps3cret"}) as daemon:
        soon(lambda: daemon.ask("status")["followers"]["influx"]["holding"])
        daemon.measures(5)
        behind = daemon.ask("status")["followers"]
        assert daemon.stop()[0] == 0
    assert behind["influx"]["cursor"] < daemon.rows("record")[0].seq
    assert behind["influx"]["behind"] >= 5
    assert behind["detect"]["behind"] < behind["influx"]["behind"]
    assert daemon.said().count("influx: waits:") == 1
    assert "t0ps3cret" not in daemon.said()
    (told,) = slots(daemon.rows()).values()
    assert told == list(range(told[0], told[-1] + 1, EVERY))


# ---- what refuses to start ----


def test_a_folder_that_others_can_write_is_refused_in_a_sentence(config: Path) -> None:
    config.parent.chmod(0o777)
    refused = command("run", "--config", str(config), folder=config.parent)
    assert refused.returncode == 2
    assert "chmod o-w" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("path", ["folder", "lab.toml", "lab.toml/journal.db"])
def test_a_journal_that_cannot_be_kept_is_refused_in_a_sentence(config: Path, path: str) -> None:
    (config.parent / "folder").mkdir()
    config.write_text(config.read_text().replace("journal.db", path))
    refused = command("run", "--config", str(config), folder=config.parent)
    assert refused.returncode == 2
    assert path in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not list((config.parent / "folder").iterdir())
