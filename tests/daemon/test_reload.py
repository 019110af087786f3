"""A reload takes all of another configuration or nothing of it, and says in the journal what changed."""
# ruff: noqa: ASYNC240  a look at a file of the test's own folder blocks nothing

import asyncio
from pathlib import Path

import pytest

from config.faults import ConfigError
from daemon.limits import Rate
from daemon.planned import prepared
from daemon.reload import look_at_families, reload, take_on
from daemon.rows import PlanRow
from probes.record import Series
from tests.lab.daemons import one_service, put_together, rows_in, service, write_config

TARGET, OTHER = "127.0.0.1:9", "127.0.0.1:10"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return one_service(tmp_path, TARGET, every="30s")


async def test_everything_follows_the_new_file(config: Path) -> None:
    async with put_together(config) as daemon:
        before = daemon.now
        daemon.schedule.lay(before.plan.assignments)
        gone, stays = (item.series for item in (before.plan.assignments[0], before.plan.assignments[0]))
        daemon.runner.confirmation.last = {
            gone: ("ok", 1),
            Series("x", "site", "gone", "tcp", "here", "ipv4"): ("ok", 1),
        }
        text = one_service(config.parent, TARGET, OTHER, every="20s").read_text()
        config.write_text(text.replace('["127.0.0.0/8", "::1"]', '["127.0.0.2"]'))
        changed = await reload(daemon)
        await daemon.journal.append([])
        assert changed == ("lab from here: 1 series added", "lab from here: 1 series every 20s instead of 30s")
        assert {item.series.endpoint for item in daemon.now.plan.assignments} == {TARGET, OTHER}
        assert daemon.limiter.owned is daemon.now.owned
        assert daemon.limiter.owned("127.0.0.1") is None
        assert daemon.limiter.owned("127.0.0.2") == Rate(0.1, 200)
        assert daemon.runner.vantages is daemon.now.vantages
        assert set(daemon.runner.confirmation.last) == {stays}
        assert {grid[0] for grid in daemon.schedule._beats} == {20}
        (row,) = await rows_in(daemon, PlanRow)
    assert row.changed == changed
    assert row.config == daemon.now.plan.config != before.plan.config


async def test_a_mistake_leaves_all_as_it_was(config: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with put_together(config) as daemon:
        before, laid = daemon.now, daemon.limiter.owned
        one_service(config.parent, TARGET, every="soon")
        with pytest.raises(ConfigError):
            await reload(daemon)
        assert daemon.now is before
        assert daemon.limiter.owned is laid
        assert daemon.journal.last == 0
    (said,) = [record.getMessage() for record in caplog.records if record.name == "reachd.reload"]
    assert said.startswith("not reloaded, the old configuration runs on:\n")
    assert "lab.toml:9: endpoints[0].every" in said


async def test_what_breaks_the_limits_is_a_mistake_too(config: Path) -> None:
    async with put_together(config) as daemon:
        one_service(config.parent, "192.0.2.1:443", every="2s")
        with pytest.raises(ConfigError, match="the limit is 4 at once"):
            await reload(daemon)
        assert daemon.now.plan.assignments[0].series.endpoint == TARGET


async def test_a_file_that_is_gone_is_a_mistake_too(config: Path) -> None:
    async with put_together(config) as daemon:
        config.unlink()
        with pytest.raises(ConfigError, match="no such file"):
            await reload(daemon)


async def test_the_same_file_changes_nothing_and_is_written_down(config: Path) -> None:
    async with put_together(config) as daemon:
        assert await reload(daemon) == ()
        await daemon.journal.append([])
        (row,) = await rows_in(daemon, PlanRow)
    assert row.changed == ()


async def test_another_page_waits_for_a_restart(config: Path) -> None:
    async with put_together(config) as daemon:
        config.write_text(config.read_text() + '[web]\nlisten = "127.0.0.1:0"\n')
        (said,) = await reload(daemon)
    assert said.startswith("web: a change needs a restart")


async def test_another_journal_waits_for_a_restart(config: Path) -> None:
    async with put_together(config) as daemon:
        config.write_text(config.read_text().replace("journal.db", "other.db"))
        (said,) = await reload(daemon)
    assert said.startswith("journal: another path needs a restart")
    assert not (config.parent / "other.db").exists()


async def test_a_reload_that_a_stop_overtakes_lays_nothing_out_again(config: Path) -> None:
    async with put_together(config) as daemon:
        asked = asyncio.get_running_loop().create_task(reload(daemon))
        await asyncio.sleep(0)
        one_service(config.parent, OTHER)
        daemon.stop.set()
        assert await asked == ()
        assert not daemon.schedule._beats
        assert daemon.journal.last == 0


class Gaining:
    """A vantage whose families a test sets."""

    carries = frozenset({"tcp", "udp"})

    def __init__(self) -> None:
        self.found = frozenset({"ipv4"})

    def families(self) -> frozenset[str]:
        return self.found


async def test_a_vantage_that_gains_ipv6_gets_its_series(tmp_path: Path) -> None:
    both = service("lab", "lab.test:9", every="30s") + 'families = ["ipv4", "ipv6"]\n'
    async with put_together(write_config(tmp_path, {"lab": both})) as daemon:
        here = Gaining()
        take_on(daemon, prepared(daemon.now.document, {"here": here}))  # type: ignore[dict-item]
        look_at_families(daemon)
        here.found = frozenset({"ipv4", "ipv6"})
        look_at_families(daemon)
        assert {item.series.family for item in daemon.now.plan.assignments} == {"ipv4", "ipv6"}
        here.found = frozenset({"ipv4"})
        look_at_families(daemon)
        assert {item.series.family for item in daemon.now.plan.assignments} == {"ipv4"}
        look_at_families(daemon)
        await daemon.journal.append([])
        changed = [row.changed for row in await rows_in(daemon, PlanRow)]
    assert changed[1:] == [("lab from here: 1 series added",), ("lab from here: 1 series removed",)]
