import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from daemon import follower
from daemon.follower import Hold, Standing, Taken, follow
from daemon.rows import Annotation, Row
from tests.lab.hand_clock import HandClock
from tests.lab.memory_journal import MemoryJournal
from tests.lab.waiting import until

Act = Callable[[list[Row]], Taken]


class Reader:
    """Takes rows and keeps their numbers; `acts` come first, one per take, and may raise."""

    def __init__(self, *acts: Act, name: str = "reader", batch: int = 3) -> None:
        self.name = name
        self.batch = batch
        self.acts = list(acts)
        self.seen: list[int] = []
        self.offered: list[list[int]] = []
        self.resumed: list[dict[str, bytes]] = []

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        self.resumed.append(dict(saved))

    async def take(self, rows: list[Row]) -> Taken:
        self.offered.append([row.seq for row in rows])
        taken = self.acts.pop(0)(rows) if self.acts else Taken()
        self.seen += [row.seq for row in rows]
        return taken


def raises(fault: Exception) -> Act:
    def act(rows: list[Row]) -> Taken:
        raise fault

    return act


@asynccontextmanager
async def following(journal: MemoryJournal, reader: Reader, **options: float) -> AsyncIterator[Standing]:
    standing = Standing(reader.name)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow(journal, reader, HandClock(), standing, **options))
        yield standing
        task.cancel()


@pytest.fixture
def journal() -> MemoryJournal:
    made = MemoryJournal()
    made.rows = [Row(seq, made.at, Annotation(str(seq))) for seq in range(1, 8)]
    return made


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "FIRST_DELAY", 0.002)


async def test_rows_come_in_order_in_batches_and_the_cursor_moves_with_them(journal: MemoryJournal) -> None:
    reader = Reader()
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
        journal.append([Annotation("8")])
        await until(lambda: standing.cursor == 8)
    assert reader.offered == [[1, 2, 3], [4, 5, 6], [7], [8]]
    assert journal.moves == [3, 6, 7, 8]
    assert standing.taken == 8


async def test_what_it_concludes_and_saves_is_committed_with_the_cursor(journal: MemoryJournal) -> None:
    reader = Reader(lambda rows: Taken((Annotation("seen"),), {"key": b"value"}))
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 8)
    assert journal.saved["reader"] == {"key": b"value"}
    assert journal.rows[-1].body == Annotation("seen")


async def test_it_goes_on_where_it_was_with_what_it_saved(journal: MemoryJournal) -> None:
    journal.cursors["reader"], journal.saved["reader"] = 5, {"key": b"value"}
    reader = Reader()
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert (reader.resumed, reader.seen) == ([{"key": b"value"}], [6, 7])


async def test_a_part_of_a_batch_may_be_taken(journal: MemoryJournal) -> None:
    reader = Reader(lambda _: Taken(cursor=1), lambda _: Taken(cursor=1, saved={"within": b"9"}))
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert reader.offered == [[1, 2, 3], [2, 3, 4], [2, 3, 4], [5, 6, 7]]
    assert journal.moves == [1, 1, 4, 7]
    assert standing.taken == 7


async def test_all_may_be_wanted_again(journal: MemoryJournal) -> None:
    journal.cursors["reader"] = 6
    reader = Reader(lambda _: Taken(cursor=0))
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert reader.seen == [7, 1, 2, 3, 4, 5, 6, 7]


async def test_a_hold_keeps_the_cursor_and_asks_again_with_the_same_rows(journal: MemoryJournal) -> None:
    reader = Reader(raises(Hold(0.05, "closed", alarm=True)), raises(Hold(0.001, "busy")))
    async with following(journal, reader) as standing:
        await until(lambda: standing.holding == "closed")
        assert (standing.cursor, standing.alarm, journal.moves) == (0, True, [])
        await until(lambda: standing.cursor == 7)
    assert reader.offered[:3] == [[1, 2, 3]] * 3
    assert (standing.holding, standing.alarm, standing.failures) == ("", False, 0)
    assert len(reader.resumed) == 1


class Slow(Reader):
    """Takes its time, as one that writes elsewhere does."""

    async def take(self, rows: list[Row]) -> Taken:
        await asyncio.sleep(0.02)
        return await super().take(rows)


async def test_time_spent_on_taking_is_counted_and_that_of_a_hold_is_not(journal: MemoryJournal) -> None:
    reader = Slow(raises(Hold(0.5, "closed")), batch=7)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert 0.04 <= standing.busy <= loop.time() - began - 0.49


async def test_a_failure_resumes_from_the_journal_and_tries_again(journal: MemoryJournal) -> None:
    reader = Reader(lambda _: Taken(saved={"n": b"1"}), raises(KeyError("bug")), raises(KeyError("bug")))
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert reader.offered[:4] == [[1, 2, 3], [4, 5, 6], [4, 5, 6], [4, 5, 6]]
    assert reader.resumed == [{}, {"n": b"1"}, {"n": b"1"}]
    assert (standing.failures, standing.in_a_row, standing.error) == (2, 0, "")


async def test_a_journal_that_fails_is_tried_again_too(journal: MemoryJournal) -> None:
    journal.refuse = 2
    reader = Reader()
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert standing.failures == 2
    assert journal.moves == [3, 6, 7]


async def test_back_off_doubles_and_is_seen_while_it_lasts(
    journal: MemoryJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr("daemon.follower.asyncio.sleep", sleep)
    standing = Standing("reader")
    task = asyncio.ensure_future(follow(journal, Reader(*[raises(ValueError("no"))] * 40), HandClock(), standing))
    while len(slept) < 30:
        await real(0)
    assert slept[:4] == [0.002, 0.004, 0.008, 0.016]
    assert slept[-1] == follower.LONGEST_DELAY
    assert (standing.in_a_row >= 30, standing.error) == (True, "ValueError: no")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_failing_follower_stops_no_other(journal: MemoryJournal) -> None:
    broken, sound = Reader(*[raises(TypeError("bug"))] * 1000, name="broken"), Reader(name="sound")
    async with following(journal, broken) as bad, following(journal, sound) as good:
        await until(lambda: good.cursor == 7 and bad.failures >= 3)
    assert sound.seen == [1, 2, 3, 4, 5, 6, 7]
    assert bad.cursor == 0


async def test_it_speaks_once_per_change(journal: MemoryJournal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "reachd.follower")
    holds = [raises(Hold(0.001, "closed", alarm=True))] * 5 + [raises(Hold(0.001, "busy"))] * 5
    faults = [raises(ValueError("no"))] * 3
    async with following(journal, Reader(*holds, *faults)) as standing:
        await until(lambda: standing.cursor == 7)
    assert [(entry.levelname, entry.getMessage()) for entry in caplog.records] == [
        ("ERROR", "reader: waits: closed"),
        ("WARNING", "reader: waits: busy"),
        ("ERROR", "reader: failed, will be tried again: ValueError: no"),
        ("INFO", "reader: works again"),
    ]


async def test_lag_is_the_age_of_the_oldest_row_not_taken(journal: MemoryJournal) -> None:
    reader = Reader(raises(Hold(0.02, "closed")))
    async with following(journal, reader) as standing:
        await until(lambda: bool(standing.holding))
        assert standing.lag(journal.at + 90_000_000) == 90.0
        assert standing.lag(journal.at - 5) == 0.0
        await until(lambda: standing.cursor == 7)
    assert standing.lag(journal.at + 90_000_000) == 0.0


async def test_parts_failures_and_beginning_again_in_one_go(journal: MemoryJournal) -> None:
    reader = Reader(lambda _: Taken(cursor=2), raises(ValueError("no")), lambda _: Taken(cursor=0))
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
    assert reader.offered == [[1, 2, 3], [3, 4, 5], [3, 4, 5], [1, 2, 3], [4, 5, 6], [7]]


async def test_it_lingers_after_a_batch_that_was_not_full(journal: MemoryJournal) -> None:
    reader = Reader(batch=100)
    async with following(journal, reader, linger=0.05) as standing:
        await until(lambda: standing.cursor == 7)
        for _ in range(4):
            journal.append([Annotation("more")])
            await asyncio.sleep(0.001)
        await until(lambda: standing.cursor == 11)
    assert reader.offered == [[1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11]]


@pytest.mark.parametrize("where", ["waiting", "holding", "failing", "taking"])
async def test_it_stops_at_once_wherever_it_is(journal: MemoryJournal, where: str) -> None:
    class Stuck(Reader):
        async def take(self, rows: list[Row]) -> Taken:
            if where == "taking":
                await asyncio.Event().wait()
            return await super().take(rows)

    acts = {"holding": [raises(Hold(3600, "closed"))], "failing": [raises(ValueError("no"))] * 1000}
    standing = Standing("reader")
    task = asyncio.ensure_future(follow(journal, Stuck(*acts.get(where, [])), HandClock(), standing))
    reached = {
        "waiting": lambda: standing.cursor == 7,
        "holding": lambda: bool(standing.holding),
        "failing": lambda: standing.in_a_row > 3,
        "taking": lambda: standing.waiting is not None,
    }
    await until(reached[where])
    before = list(journal.moves)
    task.cancel()
    async with asyncio.timeout(0.5):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert journal.moves == before


# ---- followers that take rows while their destination takes nothing ----


async def test_rows_are_taken_while_the_destination_takes_nothing_and_both_are_seen(
    journal: MemoryJournal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "reachd.follower")
    stuck = Taken(holding="503 later", alarm=True)
    reader = Reader(*[lambda rows: stuck] * 3)
    async with following(journal, reader) as standing:
        await until(lambda: standing.cursor == 7)
        assert (standing.holding, standing.alarm, standing.failures) == ("503 later", True, 0)
        journal.append([Annotation("8")])
        await until(lambda: standing.cursor == 8)
        assert (standing.holding, standing.alarm) == ("", False)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["reader: waits: 503 later", "reader: works again"], "once, though it was so three times"


async def test_who_wants_to_be_asked_again_is_asked_with_no_rows(journal: MemoryJournal) -> None:
    reader = Reader(
        lambda rows: Taken(again=0.0),
        lambda rows: Taken(again=0.0),
        lambda rows: Taken(again=0.01),
        lambda rows: Taken((Annotation("sent"),), {"key": b"value"}, again=0.0),
    )
    async with following(journal, reader, linger=5.0) as standing:
        await until(lambda: standing.cursor == 8)
    assert reader.offered == [[1, 2, 3], [4, 5, 6], [7], [], [8]]
    assert journal.saved["reader"] == {"key": b"value"}
    assert standing.taken == 8


async def test_rows_gather_for_one_that_wants_to_be_asked_much_later(journal: MemoryJournal) -> None:
    reader = Reader(*[lambda rows: Taken(again=60.0)] * 9)
    async with following(journal, reader, linger=0.2) as standing:
        await until(lambda: standing.cursor == 7)
        for text in ("8", "9", "10"):
            journal.append([Annotation(text)])
            await asyncio.sleep(0)
        await until(lambda: standing.cursor == 10)
    assert reader.offered == [[1, 2, 3], [4, 5, 6], [7], [8, 9, 10]]


async def test_who_does_not_is_left_alone_while_nothing_comes(journal: MemoryJournal) -> None:
    reader = Reader(*[lambda rows: Taken(again=0.0)] * 3)
    async with following(journal, reader) as standing:
        await until(lambda: [] in reader.offered)
        await until(lambda: standing.cursor == 7)
        journal.append([Annotation("8")])
        await until(lambda: standing.cursor == 8)
    assert reader.offered.count([]) == 1
