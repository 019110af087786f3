"""The daemon's own metrics: what each says, from the beginning and for what is planned only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from daemon.follower import Standing
from daemon.rows import Gap, Heartbeat, State
from daemon.web.families import OUTCOMES, OWN, REASONS
from daemon.web.known import Journal, Known
from probes.record import Kind
from tests.lab.knowing import assignment, many, what_is_known
from tests.lab.samples import EVENT, SECOND, SERIES, THEN, failed, record

PLACE = ("whatsapp", "ru1")


def values(known: Known, name: str) -> Mapping[Any, float]:
    """Labels (a lone one as a text) to the number."""
    (family,) = [family for family in OWN if family.name == name]
    samples = list(family.samples(known))
    assert all(len(labels) == len(family.labels) for labels, _value in samples)
    found = {labels[0] if len(labels) == 1 else labels: float(value) for labels, value in samples}
    assert len(found) == len(samples), "twice the same labels"
    return found


def alone(known: Known, name: str) -> float:
    return values(known, name)[()]


# ---- names ----


def test_names_follow_the_conventions() -> None:
    names = [family.name for family in OWN]
    assert len(set(names)) == len(names)
    for family in OWN:
        assert family.name.startswith("reachd_")
        assert family.meaning.endswith(".")
        assert family.type == ("counter" if family.name.endswith("_total") else "gauge")


def test_every_metric_can_be_told_of_a_daemon_that_knows_nothing() -> None:
    for family in OWN:
        assert all(value in {0.0, 1.0} for value in values(what_is_known(), family.name).values())


# ---- measuring ----


def test_every_outcome_is_counted_from_zero() -> None:
    """A counter that appears with its first count shows Prometheus no increase."""
    none = what_is_known(assignments=[assignment(SERIES)])
    assert values(none, "reachd_slots_total") == {(*PLACE, word): 0 for word in ("ok", "failed", "local")}
    some = what_is_known([record(0), failed(1), failed(2)])
    assert values(some, "reachd_slots_total") == {(*PLACE, "ok"): 1, (*PLACE, "failed"): 2, (*PLACE, "local"): 0}


def test_failures_are_told_by_phase_and_kind() -> None:
    known = what_is_known([failed(0), failed(1), failed(2, kind=Kind.RESET)])
    assert values(known, "reachd_failures_total") == {
        (*PLACE, "tcp", "generic_timeout_error"): 2,
        (*PLACE, "tcp", "connection_reset"): 1,
    }


@pytest.mark.parametrize(
    "name", ["reachd_slots_total", "reachd_failures_total", "reachd_series_last_outcome", "reachd_service_state"]
)
def test_a_service_that_left_the_plan_is_not_told_any_more(name: str) -> None:
    known = what_is_known([failed(0)])
    known.tally.states[PLACE] = 2
    assert values(known, name)
    assert not values(replace(known, assignments=[]), name)


def test_totals_by_service_and_vantage_never_miss_a_series() -> None:
    lone = many(7)
    ok, bad, local = lone[:3], [failed(0, series=one.series) for one in lone[3:5]], lone[5]
    known = what_is_known([*ok, *bad, failed(0, kind=Kind.LOCAL, series=local.series)])
    known = replace(known, assignments=[assignment(one.series) for one in lone])
    found = values(known, "reachd_series_last_outcome")
    assert found == {(*PLACE, word): count for word, count in zip(OUTCOMES, (3, 2, 1, 1), strict=True)}
    late = replace(known, now=THEN + 86_400 * SECOND)
    assert values(late, "reachd_series_last_outcome")[*PLACE, "none"] == 7


def test_skipped_slots_are_told_by_reason_from_zero() -> None:
    known = what_is_known()
    known.tally.see([Gap(SERIES, THEN, THEN + 20 * SECOND, 10, "budget"), Gap(SERIES, THEN, THEN, 10, "moonlight")])
    expected = dict.fromkeys(REASONS, 0) | {"budget": 3, "moonlight": 1}
    assert values(known, "reachd_skipped_slots_total") == expected


def test_what_the_runner_and_the_loop_count() -> None:
    known = what_is_known(counts=Counter(bugs=3, confirmed=4), in_flight=5, lag=0.25, paused=True)
    assert alone(known, "reachd_probe_bugs_total") == 3
    assert alone(known, "reachd_confirming_runs_total") == 4
    assert alone(known, "reachd_runs_in_flight") == 5
    assert alone(known, "reachd_event_loop_lag_seconds") == 0.25
    assert alone(known, "reachd_paused") == 1


@pytest.mark.parametrize(("count", "limited"), [(5_000, 0), (5_001, 1)])
def test_a_limit_is_told(count: int, limited: int) -> None:
    known = what_is_known(assignments=[assignment(SERIES)] * count)
    assert alone(known, "reachd_series_limited") == limited
    assert alone(known, "reachd_planned_series") == count


@pytest.mark.parametrize(
    ("control", "families", "up"),
    [(True, ("ipv4",), 1), (None, ("ipv4",), 1), (False, ("ipv4",), 0), (True, (), 0)],
)
def test_a_vantage_is_up_while_its_controls_answer(control: bool | None, families: tuple[str, ...], up: int) -> None:
    known = what_is_known(vantages=[Heartbeat("ru1", control, families)])
    assert values(known, "reachd_vantage_up") == {"ru1": up}


# ---- conclusions ----


def test_open_events_by_state() -> None:
    known = what_is_known()
    known.tally.see([EVENT, *(replace(EVENT, id=name, state="standing") for name in "AB")])
    assert values(known, "reachd_open_events") == {"suspected": 1, "confirmed": 0, "standing": 2}


def test_states_of_services() -> None:
    known = what_is_known([record(0)])
    known.tally.see([State(*PLACE, 2, 0.1, 9.0, 0.0)])
    assert values(known, "reachd_service_state") == {PLACE: 2}


# ---- followers and sinks ----


def test_followers_tell_how_far_they_are_behind_and_for_how_long() -> None:
    behind = Standing("influx", cursor=80, waiting=THEN - 30 * SECOND, failures=2, busy=1.5, holding="HTTP 401")
    ahead = Standing("detect", cursor=100, busy=0.75)
    known = what_is_known(standings={"influx": behind, "detect": ahead}, journal=Journal(last=100))
    assert values(known, "reachd_follower_backlog_rows") == {"influx": 20, "detect": 0}
    assert values(known, "reachd_follower_backlog_seconds") == {"influx": 30, "detect": 0}
    assert values(known, "reachd_follower_failures_total") == {"influx": 2, "detect": 0}
    assert values(known, "reachd_follower_seconds_total") == {"influx": 1.5, "detect": 0.75}
    assert values(known, "reachd_follower_holding") == {"influx": 1, "detect": 0}
    behind.alarm = True
    assert values(known, "reachd_follower_holding") == {"influx": 2, "detect": 0}
    assert alone(known, "reachd_detector_seconds_total") == 0.75


def test_sinks_tell_their_own_figures() -> None:
    known = what_is_known(
        sinks={"influx": {"influx_points": 9.0, "influx_quarantined_points": 3.0}, "desk": {"alert_desk_requests": 1.0}}
    )
    assert values(known, "reachd_quarantined_points_total") == {"influx": 3}
    assert values(known, "reachd_sink_figures") == {
        ("influx", "points"): 9,
        ("influx", "quarantined_points"): 3,
        ("desk", "alert_desk_requests"): 1,
    }


# ---- journal ----


@pytest.mark.parametrize("condition", ["ok", "full: no space left", "failing: disk I/O error", "damaged: malformed"])
def test_the_journal_is_in_one_condition(condition: str) -> None:
    found = values(what_is_known(journal=Journal(condition=condition)), "reachd_journal_condition")
    assert [word for word, value in found.items() if value] == [condition.partition(":")[0]]
    assert set(found) == {"ok", "full", "failing", "damaged"}


def test_the_journals_sizes_and_counts() -> None:
    counts = {"journal_waiting_rows": 4.0, "journal_dropped_rows": 5.0, "journal_commits": 6.0}
    known = what_is_known(journal=Journal(last=7, file=8, log=9, figures=counts))
    assert values(known, "reachd_journal_bytes") == {"file": 8, "log": 9}
    names = ("waiting_rows", "dropped_rows_total", "commits_total", "last_row")
    assert [alone(known, f"reachd_journal_{name}") for name in names] == [4, 5, 6, 7]


def test_the_build_is_told() -> None:
    ((version, python),) = values(what_is_known(), "reachd_build_info")
    assert version == "1.2.3"
    assert python.startswith("3.")
