"""Two daemons in one process share nothing: whatever fills up while one runs is its own."""

from dataclasses import fields
from pathlib import Path

from daemon.follower import Standing
from daemon.parts import Daemon
from tests.lab.daemons import one_service, put_together

OWN = ("stop", "standings", "tasks", "sinks", "tally")


async def test_each_daemon_has_its_own_tasks_standings_and_stop(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first_file, second_file = (one_service(folder, "127.0.0.1:9") for folder in (tmp_path, tmp_path / "other"))
    async with put_together(first_file) as first, put_together(second_file) as second:
        assert all(getattr(first, name) is not getattr(second, name) for name in OWN)
        first.standings["detect"] = Standing("detect")
        first.stop.set()
        assert not second.standings
        assert not second.stop.is_set()


async def test_the_parts_know_each_other(tmp_path: Path) -> None:
    async with put_together(one_service(tmp_path, "127.0.0.1:9")) as daemon:
        assert daemon.runner.vantages is daemon.now.vantages
        assert daemon.limiter.owned is daemon.now.owned
        assert daemon.journal.path == tmp_path / "journal.db"
        assert daemon.schedule.start == daemon.runner.start
        assert daemon.schedule.why == daemon.watch.look
        assert daemon.lag == 0.0


def test_what_a_reload_needs_is_there() -> None:
    assert {"path", "now", "schedule", "limiter", "runner", "journal"} <= {field.name for field in fields(Daemon)}
