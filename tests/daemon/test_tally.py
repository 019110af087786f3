"""What is counted of the journal in memory: slots and not their confirmations, gaps by reason, what stands open."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import app
from daemon.feeding import look_on
from daemon.follower import Taken
from daemon.journal.store import Journal
from daemon.rows import Body, Gap, Heartbeat, Row, State
from daemon.tally import EDGES, Lateness, Onlooker, Tally, open_before
from probes.clock import SystemClock
from probes.record import Kind, Purpose
from tests.lab.daemons import one_service, put_together
from tests.lab.knowing import tally_of
from tests.lab.memory_journal import MemoryJournal
from tests.lab.samples import EVENT, FACTS, SECOND, SERIES, THEN, failed, record
from tests.lab.waiting import until


def gap(slots: int, reason: str = "overload") -> Gap:
    return Gap(SERIES, THEN, THEN + (slots - 1) * 10 * SECOND, 10, reason)


# ---- records ----


def test_slots_are_counted_by_service_vantage_and_outcome() -> None:
    tally = tally_of([record(0), record(1), failed(2), failed(3, kind=Kind.LOCAL)])
    place = ("whatsapp", "ru1")
    assert tally.slots == {(*place, "ok"): 2, (*place, "failed"): 1, (*place, "local"): 1}
    assert tally.failures == {(*place, "tcp", "generic_timeout_error"): 1, (*place, "tcp", "local"): 1}


@pytest.mark.parametrize("purpose", [Purpose.CONFIRM, Purpose.DIAGNOSE, Purpose.MANUAL])
def test_evidence_is_no_measurement(purpose: Purpose) -> None:
    tally = tally_of([record(0), failed(1, purpose=purpose, of="X", attempt=2)])
    assert tally.last[SERIES] == record(0)
    assert sum(tally.slots.values()) == 1
    assert not tally.failures


def test_a_late_record_counts_and_does_not_replace_a_newer_one() -> None:
    tally = tally_of([record(5), failed(2)])
    assert tally.last[SERIES] == record(5)
    assert sum(tally.slots.values()) == 2


def test_what_was_measured_before_the_start_is_known_and_not_counted() -> None:
    tally = Tally()
    tally.remember({SERIES: record(3)}, [EVENT])
    assert tally.last == {SERIES: record(3)}
    assert tally.events == {"EVENT1": "suspected"}
    assert not tally.slots


# ---- gaps ----


@pytest.mark.parametrize(("slots", "reason"), [(1, "overload"), (6, "suspend"), (8_640, "down")])
def test_a_gap_counts_each_of_its_slots(slots: int, reason: str) -> None:
    assert tally_of([]).skipped == {}
    tally = Tally()
    tally.see([gap(slots, reason), gap(1, "budget")])
    assert tally.skipped == {reason: slots, "budget": 1}


def test_what_retention_deletes_was_measured_and_is_no_skipped_slot() -> None:
    tally = Tally()
    tally.see([gap(100, "retention")])
    assert not tally.skipped


# ---- lateness ----


def test_lateness_is_that_of_the_start_as_records_tell_it() -> None:
    late = [replace(FACTS, loop_lag=seconds) for seconds in (0.0, 0.001, 0.0011, 0.7, 5.0)]
    lateness = tally_of(record(slot, facts=facts) for slot, facts in enumerate(late)).lateness
    assert lateness.classes[:2] == [2, 1]
    assert lateness.classes[-2:] == [1, 1]
    assert lateness.seconds == pytest.approx(5.7021)


def test_a_record_that_does_not_say_is_not_counted_as_punctual() -> None:
    assert sum(tally_of([record(0)]).lateness.classes) == 0


@given(st.lists(st.floats(0, 10, allow_nan=False)))
def test_every_start_is_in_one_class_and_below_its_edge(seconds: list[float]) -> None:
    lateness = Lateness()
    for each in seconds:
        lateness.note(each)
    for place, edge in enumerate(EDGES):
        assert sum(lateness.classes[: place + 1]) == sum(each <= edge for each in seconds)
    assert sum(lateness.classes) == len(seconds)


# ---- conclusions ----


def test_an_event_is_open_in_its_last_state_until_it_has_ended() -> None:
    tally = Tally()
    tally.see([EVENT, replace(EVENT, id="EVENT2"), replace(EVENT, revision=2, state="confirmed")])
    assert tally.events == {"EVENT1": "confirmed", "EVENT2": "suspected"}
    tally.see([replace(EVENT, revision=3, state="ended"), replace(EVENT, id="UNKNOWN", state="ended")])
    assert tally.events == {"EVENT2": "suspected"}


def test_the_state_of_a_service_is_the_last_that_was_told() -> None:
    tally = Tally()
    tally.see([State("max", "ru1", 0, 1.0, 0.0, 0.0), State("max", "ru1", 2, 0.1, 9.0, 0.0), Heartbeat("ru1", None)])
    assert tally.states == {("max", "ru1"): 2}


# ---- as a follower that keeps nothing ----


async def test_it_concludes_nothing_and_saves_nothing() -> None:
    tally = Tally()
    await tally.resume({})
    assert await tally.take([Row(1, THEN, record(0)), Row(2, THEN, gap(2))]) == Taken()
    assert tally.skipped == {"overload": 2}


async def test_an_onlooker_reads_on_where_it_stood_and_leaves_no_cursor() -> None:
    journal = MemoryJournal()
    journal.append([record(0), record(1)])
    onlooker = Onlooker(journal, 1)
    assert await onlooker.resume("tally") == (1, {})
    await onlooker.wait(1)
    assert [row.body for row in await onlooker.read(1, 10)] == [record(1)]
    await onlooker.commit("tally", 2, (), {})
    assert await onlooker.resume("tally") == (2, {})
    assert not journal.cursors


@pytest.mark.parametrize(("rows", "saved"), [([record(0)], {}), ([], {"state": b"x"})])
async def test_an_onlooker_cannot_write(rows: list[Body], saved: dict[str, bytes]) -> None:
    with pytest.raises(TypeError, match="tally looks on"):
        await Onlooker(MemoryJournal(), 0).commit("tally", 1, rows, saved)


async def test_a_daemons_tally_counts_what_becomes_durable_from_now_on(tmp_path: Path) -> None:
    async with put_together(one_service(tmp_path, "127.0.0.1:9")) as daemon:
        await daemon.journal.append([record(0), record(1)])
        look_on(daemon, daemon.tally)
        await daemon.journal.append([record(2), gap(3)])
        await until(lambda: bool(daemon.tally.skipped))
        assert sum(daemon.tally.slots.values()) == 1
        assert daemon.tally.last[SERIES].due == record(2).due
        assert "tally" not in await daemon.journal.cursors()


# ---- what was open before ----


@pytest.fixture
def bodies() -> list[Body]:
    states: list[Body] = [State("max", "ru1", number, 1.0, 0.0, 0.0) for number in (2, 0)]
    return [EVENT, record(0), *states, replace(EVENT, revision=2, state="standing")]


async def test_events_and_states_of_before_are_found_in_their_order(tmp_path: Path, bodies: list[Body]) -> None:
    path = tmp_path / "journal.db"
    async with await Journal.open(path, SystemClock()) as journal:
        await journal.append(bodies)
    tally = Tally()
    tally.remember({}, open_before(path))
    assert tally.events == {"EVENT1": "standing"}
    assert tally.states == {("max", "ru1"): 0}
    assert not tally.last


async def test_a_daemon_that_starts_again_knows_what_was_and_counts_what_it_missed(tmp_path: Path) -> None:
    config = one_service(tmp_path, "127.0.0.1:9")
    async with put_together(config) as first:
        (item,) = first.now.plan.assignments
        before = record(series=item.series, due=first.clock.wall() // SECOND * SECOND - 60 * SECOND)
        await first.journal.append([before, EVENT])
    async with put_together(config) as second:
        await app._start(second, ())
        assert second.tally.events == {"EVENT1": "suspected"}
        assert second.tally.last[item.series].due == before.due
        await until(lambda: second.tally.skipped["down"] >= 59)
        assert second.tally.skipped["down"] <= 62


async def test_a_new_journal_has_nothing_open(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "journal.db", SystemClock()) as journal:
        assert open_before(journal.path) == []
