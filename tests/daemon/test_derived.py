"""Bare plan and record lines: a vantage counts as alive while its records keep coming."""

from dataclasses import replace
from itertools import count

import pytest

from daemon.derived import LOOK, with_heartbeats
from daemon.rows import Annotation, Heartbeat, Place, Planned, PlanRow, Row
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series

S = 1_000_000
TEN = 10 * S


def series(vantage="home", service="site", family="ipv4"):
    return Series(service, "site", f"{service}:443", "tls", vantage, family)


def plan(*planned, every=60, timeout=10.0):
    everything = planned or (series(), series(service="check"))
    return PlanRow(
        "",
        {one.vantage: Place("RU") for one in everything},
        {"site": "foreign", "check": "control"},
        tuple(Planned(one, every, 0, timeout, "") for one in everything),
    )


def record(which, at, *, ok=True, purpose=Purpose.SLOT):
    failure = None if ok else Failure(Phase.TCP, Kind.TIMEOUT)
    return Record(which, at * S, at * S, 0.5, (), failure, Facts(), purpose)


def rows(*timed):
    return [Row(number, at * S, body) for number, (at, body) in enumerate(timed, 1)]


def beats(*timed):
    made = list(with_heartbeats(rows(*timed)))
    return [(row.at // S, row.body) for row in made if isinstance(row.body, Heartbeat)]


def minutes(which, until, *, ok=True, first=0):
    return [(at, record(which, at, ok=ok)) for at in range(first, until, 60)]


def test_rows_that_have_heartbeats_are_left_alone():
    given = rows((0, plan()), (1, Heartbeat("home", None)), (60, record(series(), 60)), (600, record(series(), 600)))
    assert list(with_heartbeats(given)) == given


def test_a_heartbeat_every_ten_seconds_while_records_come():
    made = beats((0, plan()), *minutes(series(), 300))
    assert [at for at, _ in made] == list(range(0, 250, 10))
    assert {body.vantage for _, body in made} == {"home"}


def test_the_shortest_interval_is_the_beat_where_it_is_less():
    made = beats((0, plan(every=2, timeout=1.0)), *[(at, record(series(), at)) for at in range(0, 20, 2)])
    assert [at for at, _ in made] == list(range(0, 20, 2))


def test_rows_stay_in_order_and_are_numbered_anew():
    given = rows((0, plan()), *minutes(series(), 300))
    made = list(with_heartbeats(given))
    assert [row.seq for row in made] == list(range(1, len(made) + 1))
    assert [row.at for row in made] == sorted(row.at for row in made)
    assert [row.body for row in made if not isinstance(row.body, Heartbeat)] == [row.body for row in given]


def test_a_silent_vantage_was_alive_until_its_last_record():
    """Nothing else of it is on record, so nothing else may be said of it."""
    other = series("away")
    made = beats(
        (0, plan(series(), other)), *sorted([*minutes(series(), 600), *minutes(other, 120)], key=lambda r: r[0])
    )
    last = {body.vantage: at for at, body in made}
    assert last == {"home": 540, "away": 60}


def test_a_vantage_that_speaks_again_lives_again():
    other = series("away")
    lines = [*minutes(series(), 1200), *minutes(other, 61), *minutes(other, 1200, first=900)]
    made = beats((0, plan(series(), other)), *sorted(lines, key=lambda r: r[0]))
    away = [at for at, body in made if body.vantage == "away"]
    assert [at for at in away if 60 < at < 900] == []
    assert [at for at in away if at >= 900] == list(range(900, 1150, 10))


@pytest.mark.parametrize(("pause", "silent"), [(130, False), (131, True)])
def test_two_intervals_and_a_timeout_without_a_record_are_no_silence(pause, silent):
    other = series("away")
    lines = [*minutes(series(), 600), (60, record(other, 60)), (60 + pause, record(other, 60 + pause))]
    made = beats((0, plan(series(), other)), *sorted(lines, key=lambda r: r[0]))
    away = [at for at, body in made if body.vantage == "away"]
    assert (100 not in away) == silent


def test_at_the_end_of_the_input_nobody_is_taken_for_silent():
    other = series("away")
    lines = [*minutes(series(), 660), *minutes(other, 541)]
    made = beats((0, plan(series(), other)), *sorted(lines, key=lambda r: r[0]))
    assert [at for at, body in made if body.vantage == "away"] == [at for at, body in made if body.vantage == "home"]


def test_what_lies_too_far_ahead_is_not_known_and_so_no_silence(monkeypatch):
    monkeypatch.setattr("daemon.derived.AHEAD", 3)
    other = series("away")
    lines = [
        *[(at, record(series(), at)) for at in range(0, 400, 10)],
        (0, record(other, 0)),
        (300, record(other, 300)),
    ]
    made = beats((0, plan(series(), other)), *sorted(lines, key=lambda r: r[0]))
    assert max(at for at, body in made if body.vantage == "away" and at < 300) == 100, "until the silence is certain"


def test_a_stopped_daemon_is_silence_and_not_a_week_of_heartbeats():
    week = 604_800
    made = beats((0, plan()), (0, record(series(), 0)), (week, record(series(), week)))
    assert [at for at, _ in made] == [0]


@pytest.mark.parametrize(("ok", "control"), [(True, True), (False, False)])
def test_control_is_whether_control_services_answer(ok, control):
    made = beats((0, plan()), *minutes(series(service="check"), 120, ok=ok))
    assert {body.control for at, body in made if at > 0} == {control}
    assert made[0][1].control is None, "none was measured yet"


def test_without_a_control_nothing_is_said_of_it():
    assert {body.control for _, body in beats((0, plan()), *minutes(series(), 120))} == {None}


def test_a_confirming_run_is_life_but_no_verdict_of_the_control():
    check = series(service="check")
    again = record(check, 5, ok=False, purpose=Purpose.CONFIRM)
    made = beats((0, plan()), (1, record(check, 1)), (5, again), (61, record(check, 61)))
    assert {body.control for _, body in made} == {True}, made


def test_a_fault_of_our_own_is_no_verdict_of_the_control():
    check = series(service="check")
    lost = replace(record(check, 61), failure=Failure(Phase.TCP, Kind.LOCAL))
    made = dict(beats((0, plan()), (1, record(check, 1, ok=False)), (61, lost), (121, record(check, 121))))
    assert made[60].control is False
    assert made[120].control is None


def test_families_are_those_seen():
    made = beats(
        (0, plan()), (1, record(series(), 1)), (2, record(series(family="ipv6"), 2)), (30, record(series(), 30))
    )
    assert {body.families for _, body in made} == {("ipv4", "ipv6")}


@pytest.mark.parametrize(("pause", "made"), [(120, 13), (121, 1)])
def test_without_a_plan_two_minutes_are_no_silence(pause, made):
    found = beats((0, record(series(), 0)), (pause, record(series(), pause)))
    assert len(found) == made


def test_a_late_row_does_not_turn_time_back():
    made = beats(
        (0, plan()), (0, record(series(), 0)), (60, record(series(), 60)), (5, record(series(), 5)), (90, plan())
    )
    ats = [at for at, _ in made]
    assert ats == sorted(set(ats))


def test_only_so_many_rows_are_looked_at_for_a_heartbeat():
    numbers = count(1)
    remarks = [Row(next(numbers), 0, Annotation("x")) for _ in range(LOOK)]
    beat = Row(next(numbers), 0, Heartbeat("home", None))
    assert list(with_heartbeats([*remarks, beat])) == [*remarks, beat]


def test_nothing_gives_nothing():
    assert list(with_heartbeats([])) == []
