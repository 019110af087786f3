"""What goes, what stays, at which age and size, in which steps; and that a clock gone wrong deletes nothing."""

import pytest

from daemon.journal import intern, retention
from daemon.journal.reader import open_reader
from daemon.journal.retention import ROWS, Retention, bound_of_age, live_bytes
from daemon.rows import (
    Annotation,
    Change,
    ClockStep,
    Direction,
    Gap,
    Health,
    Heartbeat,
    Planned,
    PlanRow,
    Rollup,
    Spread,
    State,
)
from probes.record import Record
from tests.lab.journal_rows import realistic
from tests.lab.samples import EVENT, SERIES, THEN, record

HOUR = 3600
DAY = 24 * HOUR
ROOMY = Retention(min_free=0)
STATE = State("whatsapp", "ru1", 0, 1.0, 1.0, 1.0)
CHANGE = Change(SERIES, THEN, Direction.DOWN, "tcp", "x", 1, 2, 0.5, ())
PLAN = PlanRow("x", {}, {}, (Planned(SERIES, 10, 0, 5.0, "c"),))


async def live(journal, clock, days, every_hours=1, rows=lambda: [record(1), Heartbeat("ru1", True)]):
    """Hours of a daemon's life, with some rows in each."""
    for _ in range(int(days * 24 / every_hours)):
        await journal.append(rows())
        clock.pass_(every_hours * HOUR)


async def all_steps(journal, keep):
    steps = [await journal.retain(keep)]
    while steps[-1].more:
        steps.append(await journal.retain(keep))
    return steps


def kinds(path):
    with open_reader(path) as reader:
        return [type(row.body) for row in reader.rows()]


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    monkeypatch.setattr("daemon.journal.writer.WINDOW", 0.0)


async def test_raw_rows_go_by_age_and_all_others_stay(journal, clock, path):
    kept = [EVENT, CHANGE, PLAN, Annotation("x"), STATE, ClockStep(2.0), Gap(SERIES, 1, 2, 10, "stop")]
    await journal.append([record(1), *kept, Heartbeat("ru1", True), Health({"a": 1.0}), record(2)])
    await live(journal, clock, 31, 12, lambda: [STATE])
    clock.pass_(-DAY)
    await live(journal, clock, 1.5)
    steps = await all_steps(journal, ROOMY)
    assert sum(step.deleted for step in steps) == 4
    found = kinds(path)
    assert found[: len(kept)] == [type(body) for body in kept]
    assert found.count(Record) == found.count(Heartbeat) == 36


async def test_states_gaps_and_steps_go_after_400_days(journal, clock, path):
    await journal.append([STATE, EVENT, Gap(SERIES, 1, 2, 10, "stop"), ClockStep(1.0)])
    clock.pass_(399 * DAY)
    await live(journal, clock, 1, rows=lambda: [Annotation("x")])
    await all_steps(journal, ROOMY)
    assert State in kinds(path)
    await live(journal, clock, 1, rows=lambda: [Annotation("x")])
    await all_steps(journal, ROOMY)
    assert set(kinds(path)) == {type(EVENT), Annotation}


async def test_rollups_of_five_minutes_go_after_400_days_and_those_of_an_hour_stay(journal, clock, path):
    long = [Rollup(SERIES, 0, width, 1, 1, {}, 0, 0, Spread(1, 2, 3, 4, 5)) for width in (300, 3600)]
    await journal.append(long)
    clock.pass_(399 * DAY)
    await live(journal, clock, 1, rows=lambda: [Annotation("x")])
    await all_steps(journal, ROOMY)
    assert kinds(path)[:2] == [Rollup, Rollup]
    await live(journal, clock, 1, rows=lambda: [Annotation("x")])
    await all_steps(journal, ROOMY)
    with open_reader(path) as reader:
        assert [row.body for row in reader.rows(kinds={"rollup"})] == long[1:]


async def test_a_step_deletes_at_most_a_thousand_rows(journal, clock):
    await journal.append(realistic(2 * ROWS + 300, THEN))
    clock.pass_(31 * DAY)
    await live(journal, clock, 1.2)
    assert [step.deleted for step in await all_steps(journal, ROOMY)] == [ROWS, ROWS, 300]
    assert (await journal.retain(ROOMY)).deleted == 0


async def test_by_size_the_oldest_records_go_first(journal, clock, path):
    await journal.append(realistic(3_000, THEN))
    await journal.append([EVENT])
    await journal.append(realistic(3_000, THEN))
    before = await journal._writer.run(live_bytes)
    steps = await all_steps(journal, Retention(raw_bytes=before // 2, min_free=0))
    assert 2 <= len(steps) <= 5
    assert await journal._writer.run(live_bytes) <= before // 2
    with open_reader(path) as reader:
        seqs = [row.seq for row in reader.rows(kinds=["record"])]
        assert seqs == list(range(seqs[0], 6_002)) or 3_001 not in seqs
        assert [row.body for row in reader.rows(kinds=["event"])] == [EVENT]


async def test_space_of_deleted_rows_is_taken_by_new_ones(journal, clock, path):
    await journal.append(realistic(3_000, THEN))
    await journal._writer.run(lambda connection: connection.wal_checkpoint())
    size = (await journal.sizes()).file
    await all_steps(journal, Retention(raw_bytes=1, min_free=0))
    assert (await journal.sizes()).unused > size // 2
    await journal.append(realistic(3_000, THEN))
    await journal._writer.run(lambda connection: connection.wal_checkpoint())
    assert (await journal.sizes()).file <= size * 1.1


async def test_short_of_disk_the_oldest_go_early_but_the_newest_hour_and_all_else_stay(
    journal, clock, path, monkeypatch
):
    await journal.append([EVENT, Heartbeat("ru1", True), PLAN])
    await journal.append(record(slot) for slot in range(30))
    clock.pass_(HOUR)
    await journal.append(record(slot) for slot in range(30, 35))
    monkeypatch.setattr(retention, "free_bytes", lambda _path: 1_000)
    await all_steps(journal, Retention())
    assert kinds(path) == [type(EVENT), Heartbeat, PlanRow, *[Record] * 5]
    clock.pass_(DAY)
    await journal.retain(Retention())
    with open_reader(path) as reader:
        (gap,) = [row.body for row in reader.rows(kinds=["gap"])]
    assert gap == Gap(SERIES, record(0).due, record(29).due, 10, "disk")


async def test_short_of_disk_the_file_gets_smaller(journal, clock, path, monkeypatch):
    await journal.append(realistic(5_000, THEN))
    clock.pass_(HOUR)
    await journal.append([record(1)])
    await journal._writer.run(lambda connection: connection.wal_checkpoint())
    size = (await journal.sizes()).file
    monkeypatch.setattr(retention, "free_bytes", lambda _path: 1_000)
    await all_steps(journal, Retention())
    await journal._writer.run(lambda connection: connection.wal_checkpoint())
    assert (await journal.sizes()).file < size / 2


async def test_free_space_is_that_of_the_journals_disk(path):
    assert retention.free_bytes(path) > 1_000_000


async def test_deleted_slots_are_told_once_a_day_in_one_gap_row_a_series(journal, clock, path):
    await journal.append(record(slot) for slot in range(2_500))
    await journal.append([PLAN])
    clock.pass_(31 * DAY)
    await live(journal, clock, 1.1, rows=lambda: [Annotation("x")])
    assert [len(step.untold) for step in await all_steps(journal, ROOMY)] == [0, 0, 0]
    assert Gap not in kinds(path)
    clock.pass_(DAY)
    await journal.retain(ROOMY)
    await journal.retain(ROOMY)
    with open_reader(path) as reader:
        told = [row.body for row in reader.rows(kinds=["gap"])]
    assert told == [Gap(SERIES, record(0).due, record(2_499).due, 10, "retention")]


async def test_what_is_owed_survives_a_restart(journal, clock, path, opened):
    await journal.append(record(slot) for slot in range(100))
    await all_steps(journal, Retention(raw_bytes=1, min_free=0))
    await journal.close()
    clock.pass_(2 * DAY)
    again = await opened()
    await again.retain(ROOMY)
    with open_reader(path) as reader:
        assert [row.body.first for row in reader.rows(kinds=["gap"])] == [record(0).due]


async def test_records_that_a_follower_had_not_taken_are_counted(journal, clock):
    await journal.append(record(slot) for slot in range(50))
    await journal.commit("detect", 50, [])
    await journal.commit("influx", 20, [])
    (step,) = await all_steps(journal, Retention(raw_bytes=1, min_free=0))
    assert (step.deleted, step.unsent) == (50, 30)
    assert journal.figures["journal_unsent_rows"] == 30


async def test_a_clock_years_ahead_for_a_moment_deletes_nothing(journal, clock, path):
    await live(journal, clock, 2)
    clock.pass_(400 * DAY)
    await journal.append([record(1)])
    assert [step.deleted for step in await all_steps(journal, ROOMY)] == [0]
    clock.pass_(-400 * DAY)
    await live(journal, clock, 1)
    assert [step.deleted for step in await all_steps(journal, ROOMY)] == [0]


async def test_a_clock_in_the_past_for_a_moment_deletes_nothing(journal, clock):
    await live(journal, clock, 2)
    right = clock.now
    clock.now = 0
    await journal.append([record(1)])
    assert [step.deleted for step in await all_steps(journal, ROOMY)] == [0]
    clock.now = right
    await live(journal, clock, 1)
    assert [step.deleted for step in await all_steps(journal, ROOMY)] == [0]


async def test_rows_stamped_in_the_future_go_with_the_old_rows_around_them(journal, clock, path):
    clock.pass_(900 * DAY)
    await live(journal, clock, 0.5)
    clock.pass_(-900 * DAY)
    await live(journal, clock, 33)
    await all_steps(journal, ROOMY)
    with open_reader(path) as reader:
        assert all(row.at <= clock.now for row in reader.rows())


async def test_after_a_year_off_deleting_begins_a_day_later(journal, clock):
    await live(journal, clock, 3)
    clock.pass_(365 * DAY)
    await live(journal, clock, 0.5)
    assert (await journal.retain(ROOMY)).deleted == 0
    await live(journal, clock, 1)
    assert (await journal.retain(ROOMY)).deleted == 2 * 72


async def test_a_period_of_hours_needs_hours_of_rows_only(journal, clock):
    await live(journal, clock, 0.5)
    assert await journal._writer.run(bound_of_age, clock.now, 0.125) > 0


async def test_stored_facts_go_when_no_record_can_refer_to_them(journal, clock, path, monkeypatch):
    monkeypatch.setattr(intern, "TOUCH", 5)
    monkeypatch.setattr(retention, "_FACTS_SLACK", 10)
    for number in range(40):
        await journal.append([record(number, config=f"config {number}")])
    await journal.append(record(slot, config="last") for slot in range(100))

    def facts(connection):
        return connection.execute("SELECT count(*) FROM facts").fetchone()[0]

    before = await journal._writer.run(facts)
    await journal._writer.run(lambda connection: connection.execute("DELETE FROM records WHERE seq <= 60"))
    await journal.retain(ROOMY)
    await journal.retain(ROOMY)
    assert await journal._writer.run(facts) <= before - 40
    with open_reader(path) as reader:
        assert len(list(reader.rows(kinds=["record"]))) == 80
        assert reader.unreadable == 0


def test_content_in_use_is_marked_more_often_than_deleting_looks_back():
    assert retention._FACTS_SLACK >= 2 * intern.TOUCH


async def test_retention_stands_back_while_the_journal_is_damaged(journal):
    journal._writer.hold("damaged: for the test")
    assert (await journal.retain(Retention(raw_bytes=1))).deleted == 0
    journal._writer.resume(journal._writer.connection)
