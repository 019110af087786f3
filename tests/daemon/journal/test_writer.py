"""Group commit by window and by number; a disk that refuses, for a while or for long; order whatever happens."""

import asyncio
import logging

import apsw
import pytest

from daemon.journal import batch
from daemon.journal import writer as writing
from daemon.journal.batch import Operation
from daemon.journal.codec import encode
from daemon.journal.intern import Interner
from daemon.journal.schema import open_writer
from daemon.journal.writer import Writer
from daemon.rows import Annotation
from tests.lab.samples import THEN, record
from tests.lab.waiting import until


class Desk:
    """Stands in for the journal: makes operations, and keeps what the writer tells."""

    def __init__(self, connection, ring=1_000, in_memory=100):
        self.batches: list[list[int]] = []
        self.damages: list[str] = []
        self.interner = Interner()
        self.next = 1
        self.writer = Writer(connection, self, ring, in_memory)

    def landed(self, operations):
        self.batches.append([op.last for op in operations])
        for op in operations:
            if not op.future.done():
                op.future.set_result(op.last)

    def damaged(self, why):
        self.damages.append(why)
        self.writer.hold(f"damaged: {why}")

    def put(self, *bodies):
        op = Operation(THEN, self.next, self.next - 1, asyncio.get_running_loop().create_future())
        for body in bodies:
            op.add(*encode(self.next, THEN, body, self.interner))
            self.next += 1
        op.last = self.next - 1
        op.fresh = self.interner.take_fresh()
        self.writer.put(op)
        return op.future

    @property
    def written(self):
        return [last for batch in self.batches for last in batch]


@pytest.fixture(autouse=True)
def short_delays(monkeypatch):
    monkeypatch.setattr(writing, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(writing, "LAST_RETRY", 0.02)


@pytest.fixture
async def desk(path, short_delays):
    desk = Desk(open_writer(path))
    yield desk
    await desk.writer.close()


@pytest.fixture
def refuse(monkeypatch):
    """Lets every write fail with what is put into it, until that is None again."""
    fault: list[BaseException | None] = [None]
    true_write = batch.write

    def write(connection, operations):
        if fault[0] is not None:
            raise fault[0]
        true_write(connection, operations)

    monkeypatch.setattr(writing, "write", write)
    return fault


async def test_what_comes_within_a_window_is_one_commit(desk):
    futures = [desk.put(Annotation(str(number))) for number in range(20)]
    assert [await future for future in futures] == list(range(1, 21))
    assert desk.batches == [list(range(1, 21))]
    assert desk.writer.commits == 1


async def test_a_window_begins_with_its_first_row(desk):
    loop = asyncio.get_running_loop()
    began = loop.time()
    first = desk.put(Annotation("first"))
    while not first.done():
        desk.put(Annotation("more"))
        await asyncio.sleep(0.005)
    assert 0.04 < loop.time() - began < 1.0


async def test_many_rows_end_the_window(desk, monkeypatch):
    monkeypatch.setattr(writing, "WINDOW", 60.0)
    for number in range(writing.AT_ONCE):
        last = desk.put(Annotation(str(number)))
    assert await asyncio.wait_for(last, 10) == writing.AT_ONCE


async def test_a_batch_has_a_largest_size(desk, monkeypatch):
    monkeypatch.setattr(writing, "MOST", 10)
    for _ in range(7):
        last = desk.put(*[Annotation("x")] * 4)
    await last
    assert [len(batch) for batch in desk.batches] == [3, 3, 1]


async def test_rows_that_come_while_a_batch_is_written_wait_for_the_next(desk, monkeypatch):
    monkeypatch.setattr(writing, "WINDOW", 0.0)
    first = desk.put(Annotation("a"))
    await asyncio.sleep(0.001)
    second = desk.put(Annotation("b"))
    await asyncio.gather(first, second)
    assert desk.written == [1, 2]


async def test_a_full_disk_is_waited_out(desk, refuse, caplog):
    refuse[0] = apsw.FullError("database or disk is full")
    futures = [desk.put(record(slot)) for slot in range(3)]
    await until(lambda: desk.writer.condition.startswith("full: "))
    futures.append(desk.put(Annotation("later")))
    await asyncio.sleep(0.05)
    assert desk.batches == []
    assert desk.writer.waiting == 4
    refuse[0] = None
    assert [await future for future in futures] == [1, 2, 3, 4]
    assert desk.written == [1, 2, 3, 4]
    assert desk.writer.condition == "ok"
    assert [entry.levelno for entry in caplog.records] == [logging.ERROR, logging.WARNING]


@pytest.mark.parametrize(
    "fault", [apsw.IOError("disk I/O error"), apsw.CantOpenError("x"), apsw.ReadOnlyError("x"), apsw.BusyError("x")]
)
async def test_other_refusals_are_waited_out_too(desk, refuse, fault):
    refuse[0] = fault
    future = desk.put(record(1))
    await until(lambda: desk.writer.condition.startswith("failing: "))
    refuse[0] = None
    assert await future == 1


async def test_attempts_become_rarer(desk, refuse, monkeypatch):
    monkeypatch.setattr(writing, "LAST_RETRY", 0.08)
    refuse[0] = apsw.FullError("full")
    delays: list[float] = []
    call_later = desk.writer._loop.call_later

    def noted(delay, *what):
        if delay > 0.005:  # shorter ones are those of this test's own waiting
            delays.append(delay)
        return call_later(delay, *what)

    monkeypatch.setattr(desk.writer._loop, "call_later", noted)
    future = desk.put(record(1))
    await until(lambda: len(delays) >= 6)
    refuse[0] = None
    await future
    assert delays[:6] == [0.01, 0.02, 0.04, 0.08, 0.08, 0.08]


async def test_while_the_disk_refuses_the_oldest_raw_rows_give_way(path, refuse):
    desk = Desk(open_writer(path), ring=100, in_memory=20)
    refuse[0] = apsw.FullError("full")
    event = desk.put(Annotation("kept"))
    first = desk.put(record(0))
    await until(lambda: desk.writer.condition != "ok")
    for slot in range(1, 500):
        last = desk.put(record(slot))
    assert desk.writer.waiting <= 100
    assert desk.writer.dropped >= 401
    assert sum(len(op.rows) for op in desk.writer._queue) <= 20
    (lost,) = desk.writer.lost.values()
    assert lost.first == record(0).due
    assert lost.last == record(desk.writer.dropped - 1).due
    refuse[0] = None
    assert await last == 501
    assert await event == 1
    assert await first == 2  # its place is known, though a gap row speaks of it
    assert desk.written == list(range(1, 502))
    await desk.writer.close()
    connection = apsw.Connection(str(path))
    assert connection.execute("SELECT count(*) FROM records").fetchone() == (500 - desk.writer.dropped,)
    assert connection.execute("SELECT count(*) FROM notes").fetchone() == (1,)
    connection.close()


async def test_after_damage_nothing_is_written_until_the_file_is_replaced(desk, refuse, path):
    refuse[0] = apsw.CorruptError("database disk image is malformed")
    future = desk.put(record(1))
    await until(lambda: bool(desk.damages))
    refuse[0] = None
    await asyncio.sleep(0.05)
    assert desk.batches == []
    assert desk.writer.condition.startswith("damaged: ")
    desk.writer.connection.close()
    desk.writer.resume(open_writer(path))
    assert await future == 1
    assert desk.writer.condition == "ok"


async def test_held_back_while_a_batch_is_under_way_it_stays_held_back(desk, path):
    first = desk.put(record(1))
    desk.writer._begin()
    desk.writer.hold("damaged: found by the check")
    second = desk.put(record(2))
    await first
    await asyncio.sleep(0.07)
    assert not second.done()
    assert desk.writer.condition == "damaged: found by the check"
    desk.writer.resume(desk.writer.connection)
    assert await second == 2


async def test_a_caller_that_gave_up_waiting_stops_nothing(desk):
    future, other = desk.put(record(1)), desk.put(record(2))
    future.cancel()
    assert await other == 2


async def test_work_between_two_batches(desk):
    future = desk.put(record(1))
    assert await desk.writer.run(lambda connection, number: connection.changes() + number, 5) == 5
    assert await future == 1


async def test_close_writes_what_waits_at_once(desk, path, monkeypatch):
    monkeypatch.setattr(writing, "WINDOW", 60.0)
    future = desk.put(record(1))
    await asyncio.wait_for(desk.writer.drain(), 10)
    assert future.result() == 1


async def test_close_on_a_full_disk_tries_once_and_says_how_much_is_lost(path, refuse, caplog):
    desk = Desk(open_writer(path))
    refuse[0] = apsw.FullError("full")
    future = desk.put(record(1), record(2))
    await asyncio.wait_for(desk.writer.close(), 10)
    assert future.cancelled()
    assert "2 rows could not be written (full: full)" in caplog.text


async def test_a_bug_is_shown_and_not_retried_for_ever(desk, refuse):
    shown: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: shown.append(context["exception"]))
    refuse[0] = TypeError("a bug")
    future = desk.put(record(1))
    await until(lambda: bool(shown))
    assert isinstance(shown[0], TypeError)
    with pytest.raises(TypeError, match="a bug"):
        await future
    refuse[0] = None
    assert await desk.put(record(2)) == 2
