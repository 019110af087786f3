"""Signs of life say what the controls say, and the daemon's figures carry their units."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.heartbeat import COUNTED, EVERY, Figures, health, heartbeats, interval, rss, size_of
from daemon.rows import Heartbeat
from probes.record import Series

FAMILIES = {"ru1": frozenset({"ipv4"}), "nl1": frozenset({"ipv6", "ipv4"})}
SIDES = {"whatsapp": "foreign", "max": "domestic", "controls": "control"}
CONTROL = Series("controls", "site", "https://example.org/", "http", "ru1", "ipv4")
OTHER_CONTROL = replace(CONTROL, endpoint="https://example.net/")
THIRD_CONTROL = replace(CONTROL, endpoint="https://example.com/")
FOREIGN = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ru1", "ipv4")
OK, DOWN = ("ok", 1), ("tcp", 1)


def control_of(vantage: str, last: dict[Series, tuple[str, int]], **more: Any) -> bool | None:
    """What the heartbeat of a vantage says of its controls."""
    return next(beat.control for beat in heartbeats(FAMILIES, SIDES, last, **more) if beat.vantage == vantage)


# ---- heartbeats ------------------------------------------------------------------------------------------------------


def test_each_vantage_has_one_with_its_families() -> None:
    assert heartbeats(FAMILIES, SIDES, {}) == [
        Heartbeat("ru1", None, ("ipv4",)),
        Heartbeat("nl1", None, ("ipv4", "ipv6")),
    ]


def test_no_vantage_no_heartbeat() -> None:
    assert heartbeats({}, SIDES, {CONTROL: OK}) == []


@pytest.mark.parametrize(
    ("outcomes", "control"),
    [
        ([OK], True),
        ([DOWN], False),
        ([OK, OK, DOWN], True),
        ([OK, DOWN, DOWN], False),
        ([OK, DOWN], False),  # half is not most: in doubt the place is not trusted
    ],
)
def test_controls_are_ok_when_most_answered(outcomes: list[tuple[str, int]], control: bool) -> None:
    series = (CONTROL, OTHER_CONTROL, THIRD_CONTROL)
    assert control_of("ru1", dict(zip(series, outcomes, strict=False))) is control


def test_only_controls_speak_for_a_vantage() -> None:
    assert control_of("ru1", {FOREIGN: DOWN, CONTROL: OK}) is True
    assert control_of("ru1", {FOREIGN: OK, CONTROL: DOWN}) is False
    assert control_of("ru1", {FOREIGN: OK}) is None


def test_only_its_own_controls_speak_for_a_vantage() -> None:
    last = {CONTROL: DOWN, replace(CONTROL, vantage="nl1"): OK}
    assert control_of("ru1", last) is False
    assert control_of("nl1", last) is True


def test_a_vantage_that_is_gone_is_not_spoken_of() -> None:
    assert control_of("nl1", {replace(CONTROL, vantage="gone"): DOWN}) is None


def test_a_service_that_is_gone_is_no_control() -> None:
    assert control_of("ru1", {replace(CONTROL, service="gone"): DOWN}) is None


def test_controls_that_could_not_be_measured_say_nothing() -> None:
    """The line is down: every record is a fault of our own, and the last word of the controls is old."""
    last = {CONTROL: OK, OTHER_CONTROL: DOWN}
    assert control_of("ru1", last, unmeasured={CONTROL}) is False
    assert control_of("ru1", last, unmeasured={CONTROL, OTHER_CONTROL}) is None


@pytest.mark.parametrize(("everies", "seconds"), [([60, 300], EVERY), ([60, 1, 10], 1.0), ([10], EVERY), ([], EVERY)])
def test_the_interval_follows_the_quickest_series(everies: list[int], seconds: float) -> None:
    assert interval(everies) == seconds


# ---- the daemon's own figures ----------------------------------------------------------------------------------------


def figures(journal: Path = Path("nowhere.db"), **changes: Any) -> Figures:
    few = Figures({"ok": 12, "failed": 3}, 2, 0.004, {"influx": (1_200, 4), "detect": (0, 0)}, journal, 61.5)
    return replace(few, **changes)


def test_counts_are_totals_and_absent_ones_are_zero() -> None:
    found = health(figures()).figures
    assert {word: found[f"{word}_total"] for word in COUNTED} == {
        "ok": 12.0, "failed": 3.0, "local": 0.0, "skipped": 0.0, "bugs": 0.0, "confirmed": 0.0,
    }  # fmt: skip


def test_followers_have_their_backlog_and_their_failures() -> None:
    found = health(figures()).figures
    assert (found["influx_backlog_rows"], found["influx_failures_total"]) == (1_200.0, 4.0)
    assert (found["detect_backlog_rows"], found["detect_failures_total"]) == (0.0, 0.0)


def test_figures_are_numbers_named_with_their_unit() -> None:
    found = health(figures()).figures
    assert all(type(value) is float for value in found.values())
    unit = re.compile(r"(_total|_rows|_ms|_bytes|_s)$")
    assert [name for name in found if not unit.search(name)] == ["in_flight"]
    assert found["loop_lag_ms"] == pytest.approx(4.0)
    assert found["uptime_s"] == 61.5
    assert found["cpu_s"] > 0


def test_the_journal_counts_with_its_log(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    assert size_of(journal) == [0, 0]
    journal.write_bytes(b"x" * 100)
    Path(f"{journal}-wal").write_bytes(b"x" * 11)
    assert size_of(journal) == [100, 11]
    assert health(figures(journal)).figures["journal_bytes"] == 111.0


def test_memory_is_what_the_system_says() -> None:
    status = Path(f"/proc/{os.getpid()}/status").read_text(encoding="utf-8")
    seen = int(status.partition("VmRSS:")[2].split()[0]) * 1024
    assert abs(rss() - seen) < 8e6
    assert health(figures()).figures["rss_bytes"] == pytest.approx(seen, abs=8e6)


def test_what_journal_and_sinks_count_is_told_with_the_rest(tmp_path: Path) -> None:
    seen = Figures({"ok": 3}, 1, 0.002, {}, tmp_path / "journal.db", 60.0, {"influx_points": 7.0})
    told = health(seen).figures
    assert (told["influx_points"], told["ok_total"], told["loop_lag_ms"]) == (7.0, 3.0, 2.0)
