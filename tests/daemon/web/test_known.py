"""One look at a daemon: what it knows is taken over, and what is old is no data."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.follower import Standing
from daemon.web.known import known
from tests.lab.daemons import one_service, put_together
from tests.lab.knowing import EVERY, assignment, what_is_known
from tests.lab.samples import SECOND, SERIES, THEN, failed, record

PATIENCE = 2 * EVERY + 5
"""Seconds: two intervals and the timeout of the plan in tests.lab.knowing."""


async def test_a_look_takes_over_what_the_daemon_knows(tmp_path: Path) -> None:
    async with put_together(one_service(tmp_path, "127.0.0.1:9")) as daemon:
        daemon.runner.counts = Counter(bugs=2)
        daemon.standings["detect"] = Standing("detect", cursor=7)
        daemon.measured["influx"] = lambda: {"influx_points": 5.0}
        daemon.lag, daemon.schedule.paused = 0.25, True
        await daemon.journal.append([record(0), record(1)])
        found = known(daemon, "1.2.3")
        assert found.journal.last == daemon.journal.last == 2
        assert found.journal.condition == "ok"
        assert found.journal.figures["journal_commits"] >= 1
    assert found.journal.file + found.journal.log > 0
    assert found.counts["bugs"] == 2
    assert found.standings["detect"].cursor == 7
    assert found.sinks == {"influx": {"influx_points": 5.0}}
    assert (found.lag, found.paused, found.in_flight, found.release) == (0.25, True, 0, "1.2.3")
    assert [beat.vantage for beat in found.vantages] == ["here"]
    assert [item.series.endpoint for item in found.assignments] == ["127.0.0.1:9"]
    assert abs(found.now - daemon.clock.wall()) < 60 * SECOND


@pytest.mark.parametrize(("age", "shown"), [(0, 1), (EVERY, 1), (PATIENCE, 1), (PATIENCE + 1, 0), (86_400, 0)])
def test_a_record_is_shown_until_the_next_one_should_have_come(age: int, shown: int) -> None:
    assert len(what_is_known([record(0)], now=THEN + age * SECOND).lately()) == shown


def test_a_longer_interval_is_waited_for_longer() -> None:
    slow = what_is_known([record(0)], assignments=[assignment(SERIES, 300)], now=THEN + 600 * SECOND)
    assert slow.lately() == [record(0)]


def test_a_series_that_left_the_plan_is_not_shown() -> None:
    assert what_is_known([record(0)], assignments=[]).lately() == []


def test_a_series_that_was_not_measured_yet_is_not_shown() -> None:
    other = assignment(replace(SERIES, endpoint="other:443"))
    both = what_is_known([failed(0)], assignments=[assignment(SERIES), other])
    assert both.lately() == [failed(0)]


def test_a_record_from_the_future_is_shown_after_the_clock_stepped_back() -> None:
    assert what_is_known([record(100)], now=THEN).lately() == [record(100)]
