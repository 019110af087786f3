"""Commands read by kind and time, in short transactions, whether the daemon runs or not."""

from dataclasses import replace

import apsw
import pytest

from daemon.journal import reader as reading
from daemon.journal.reader import open_reader
from daemon.journal.schema import JournalRefused
from daemon.rows import Annotation, ClockStep, Event, Gap, Heartbeat, Rollup, Row, Spread
from probes.record import Record
from tests.lab.journal_rows import realistic
from tests.lab.samples import EVENT, SERIES, THEN, record

HOUR = 3_600_000_000


def bodies(rows):
    return [row.body for row in rows]


async def test_rows_of_some_kinds_in_the_one_order(journal, path):
    await journal.append([Annotation("a"), record(1), Heartbeat("ru1", None), EVENT, record(2), Annotation("b")])
    with open_reader(path) as reader:
        assert [row.seq for row in reader.rows()] == [1, 2, 3, 4, 5, 6]
        assert bodies(reader.rows(kinds=["event"])) == [EVENT]
        assert [row.seq for row in reader.rows(kinds=["annotation", "record"])] == [1, 2, 5, 6]
        assert [row.seq for row in reader.rows(after=2, kinds=["annotation", "record"])] == [5, 6]
        assert list(reader.rows(kinds=[])) == []


async def test_the_last_records_of_a_series_without_an_index(journal, path, clock):
    other = replace(SERIES, endpoint="other:443")
    for number in range(6):
        await journal.append([record(number), Annotation("x"), record(number, series=other)])
        clock.pass_(1200)
    with open_reader(path) as reader:
        mine = bodies(reader.of_series([SERIES], 100))
        assert [one.id for one in mine] == [record(number).id for number in reversed(range(6))]
        assert bodies(reader.of_series([SERIES], 2)) == mine[:2]
        assert len(reader.of_series([SERIES, other], 100)) == 12
        last = reader.of_series([SERIES], 1)[0].at
        assert bodies(reader.of_series([SERIES], 2, before=last)) == mine[1:3]
        assert reader.of_series([SERIES], 100, before=last - 30 * HOUR) == []
        assert len(reader.of_series([SERIES], 100, reach=6)) == 2
        assert reader.of_series([replace(SERIES, endpoint="none")], 100) == []


async def test_the_rollups_of_a_series_by_what_their_bytes_begin_with(journal, path, clock):
    others = [replace(SERIES, endpoint=f"{number}:443") for number in range(200)]  # numbers of one byte and of two
    await journal.append([rollup(one, 0) for one in others])
    clock.pass_(3600)
    for start in (0, 1, 0):
        await journal.append([rollup(SERIES, start), rollup(others[start], start), rollup(SERIES, start, 3600)])
    with open_reader(path) as reader:
        assert bodies(reader.rollups(SERIES, 300, 0)) == [rollup(SERIES, start) for start in (0, 1, 0)]
        assert len(reader.rollups(SERIES, 3600, 0)) == 3
        assert len(reader.rollups(others[1], 300, 0)) == 2
        assert len(reader.rollups(others[1], 300, clock.wall())) == 1
        assert len(reader.rollups(SERIES, 300, 0, reach=2)) == 1
        assert reader.rollups(replace(SERIES, endpoint="none"), 300, 0) == []


def rollup(series, window, width=300):
    return Rollup(series, window * width * 1_000_000, width, 5, 5, {}, 0, 0, Spread(1, 2, 3, 4, 5))


async def test_an_unknown_kind_is_a_mistake_of_the_caller(journal, path):
    with open_reader(path) as reader, pytest.raises(KeyError):
        list(reader.rows(kinds=["parquet"]))


async def test_old_rows_of_some_series_are_shown_again(journal, path, clock):
    """For a record that comes hours late: only its series, only up to what was taken, and how far back they go."""
    other = replace(SERIES, endpoint="other:443")
    gaps = [Gap(SERIES, THEN, THEN, 10, "overload"), Gap(other, THEN, THEN, 10, "overload")]
    begin = clock.now
    await journal.append([record(0), Annotation("x")])
    clock.pass_(7200)
    await journal.append([record(1), record(1, series=other), *gaps, record(2), record(3)])
    seen: list[Row] = []
    assert await journal.recall([SERIES], begin + 7200 * 1_000_000, 7, seen.append) == begin
    shown = [(row.seq, row.body.series) for row in seen if isinstance(row.body, Gap | Record)]
    assert [seq for seq, series in shown if series == SERIES] == [5, 3, 7]
    assert [seq for seq, series in shown if series != SERIES] == [6], "gaps are few and are told apart by who asked"
    with open_reader(path) as reader:
        assert reader.recall([replace(SERIES, role="none")], begin, 99, seen.append) == begin


async def test_without_a_record_there_is_no_oldest(journal):
    await journal.append([Annotation("x")])
    assert await journal.recall([SERIES], 0, 99, list[Row]().append) > THEN * 1000


async def test_rows_of_a_time(journal, path, clock):
    for _ in range(6):
        await journal.append([record(1), Annotation("x")])
        clock.pass_(1800)
    begin = clock.now - 6 * 1800 * 1_000_000
    with open_reader(path) as reader:
        assert [row.seq for row in reader.rows(since=begin + HOUR, before=begin + 2 * HOUR)] == [5, 6, 7, 8]
        assert [row.seq for row in reader.rows(since=begin + HOUR + 1)][:2] == [7, 8]
        assert [row.seq for row in reader.rows(before=begin + 1)] == [1, 2]
        assert list(reader.rows(since=clock.now)) == []
        assert list(reader.rows(before=begin)) == []


async def test_rows_of_a_time_when_the_clock_was_wrong_for_a_while(journal, path, clock):
    right = clock.now
    await journal.append([Annotation("before")])
    clock.now = 0
    await journal.append([Annotation("in 1970")])
    clock.now = right + HOUR
    await journal.append([Annotation("after")])
    with open_reader(path) as reader:
        assert bodies(reader.rows(since=right, before=right + 2 * HOUR)) == [Annotation("before"), Annotation("after")]
        assert bodies(reader.rows(before=HOUR)) == [Annotation("in 1970")]


async def test_a_long_read_is_many_short_transactions(journal, path, monkeypatch):
    await journal.append(realistic(50, THEN))
    monkeypatch.setattr(reading, "AT_ONCE", 7)
    with open_reader(path) as reader:
        stream = reader.rows()
        first = next(stream)
        await journal.append([Annotation("written meanwhile")])
        rows = [first, *stream]
    assert [row.seq for row in rows] == list(range(1, 52))


async def test_a_read_left_half_way_holds_no_snapshot(journal, path):
    await journal.append(realistic(5_000, THEN))
    with open_reader(path) as reader:
        stream = reader.rows()
        next(stream)
        busy = await journal._writer.run(
            lambda connection: connection.wal_checkpoint(None, apsw.SQLITE_CHECKPOINT_TRUNCATE)
        )
        assert busy == (0, 0)
        assert next(stream).seq == 2


async def test_the_newest_of_a_kind(journal, path):
    await journal.append([record(1), Annotation("a"), Annotation("b"), record(2), Annotation("c")])
    with open_reader(path) as reader:
        assert bodies(reader.newest("annotation", 2)) == [Annotation("c"), Annotation("b")]
        assert [row.seq for row in reader.newest("record", 9)] == [4, 1]
        assert reader.newest("event", 3) == []


async def test_cursors_saved_state_and_sizes(journal, path):
    await journal.append(realistic(2_000, THEN))
    await journal.commit("influx", 5, [], {"a": b"1", "b": b"2"})
    await journal.commit("influx", 9, [], {"a": None})
    with open_reader(path) as reader:
        assert reader.cursors() == {"influx": 9}
        assert reader.saved("influx") == {"b": b"2"}
        assert reader.saved("nobody") == {}
        assert reader.last() == 2_000
        assert reader.counts() == {"records": 2_000, "others": 0}
        sizes = reader.sizes()
    assert sizes.file + sizes.log > 200_000
    assert sizes.unused == 0


async def test_a_stopped_journal_reads_the_same(journal, path):
    await journal.append([record(1), EVENT, ClockStep(1.5)])
    with open_reader(path) as reader:
        running = list(reader.rows())
    await journal.close()
    with open_reader(path) as reader:
        assert list(reader.rows()) == running
        assert [type(row.body) for row in running] == [Record, Event, ClockStep]


def test_no_journal_is_said_in_words(path):
    with pytest.raises(JournalRefused, match="there is no journal"), open_reader(path):
        pass


async def test_a_row_that_makes_no_sense_is_passed_over_and_counted(journal, path):
    await journal.append([record(1), record(2), record(3), Annotation("a")])
    await journal.close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE records SET body = x'00ff' WHERE seq = 2")
    connection.execute("UPDATE records SET series = 77 WHERE seq = 3")
    connection.close()
    with open_reader(path) as reader:
        assert [row.seq for row in reader.rows()] == [1, 4]
        assert reader.unreadable == 2


async def test_stored_facts_are_remembered_within_bounds(journal, path, monkeypatch):
    await journal.append(realistic(500, THEN))
    monkeypatch.setattr(reading, "_REMEMBERED", 5)
    with open_reader(path) as reader:
        assert len(list(reader.rows())) == 500
        assert len(reader._parts) <= 5
        assert reader.unreadable == 0


async def test_the_next_row_after_a_number(journal, path):
    await journal.append([record(1), Annotation("a")])
    with open_reader(path) as reader:
        assert [reader.next_after(seq) for seq in (0, 1, 2)] == [1, 2, None]


async def test_batch_stays_below_its_upper_bound(journal, path):
    await journal.append(realistic(20, THEN))
    with open_reader(path) as reader:
        assert [row.seq for row in reader.batch(3, 10, 6)] == [4, 5, 6]
