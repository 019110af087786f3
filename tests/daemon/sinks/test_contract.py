"""What every sink must do. A coming one joins by a file in tests/lab/sinks/ with a `stand` like influx.py's."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

import tests.lab
from daemon.follower import Follower, Hold, Standing, follow
from daemon.journal.store import Journal
from daemon.rows import Annotation, ClockStep, Gap, Health, Heartbeat, PlanRow, State
from probes.record import Kind, Purpose
from tests.lab.memory_journal import MemoryJournal
from tests.lab.samples import EVENT, SECOND, SERIES, THEN, failed, record, records
from tests.lab.sinking import CLOCK
from tests.lab.waiting import until

Both = MemoryJournal | Journal
SINKS = sorted(path.stem for folder in tests.lab.__path__ for path in Path(folder, "sinks").glob("*.py"))


class Stand(Protocol):
    """A destination that the test can see into."""

    def open(self) -> AbstractAsyncContextManager[Follower]:
        """The sink as a new process would open it, with short delays."""
        ...

    def refuse(self, times: int) -> None:
        """Take nothing that often: refusals that are nobody's fault and pass by themselves."""
        ...

    async def dues(self) -> list[int]:
        """The due times (microseconds) of the measured slots that the destination holds, in order of arrival."""
        ...


@pytest.fixture(params=SINKS)
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    async with importlib.import_module(f"tests.lab.sinks.{request.param}").stand() as made:
        yield made


@pytest.fixture
def memory() -> MemoryJournal:
    """A journal that tells of its commits, and refuses some on demand."""
    return MemoryJournal()


@pytest.fixture(params=["memory", "disk"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryJournal | Journal]:
    if request.param == "memory":
        yield MemoryJournal()
    else:
        async with await Journal.open(tmp_path / "journal.db", CLOCK) as made:
            yield made


@asynccontextmanager
async def running(stand: Stand, journal: Both, batch: int = 70) -> AsyncIterator[Standing]:
    async with stand.open() as sink, asyncio.TaskGroup() as group:
        sink.batch = batch
        standing = Standing(sink.name)
        task = group.create_task(follow(journal, sink, CLOCK, standing))
        yield standing
        task.cancel()


DUES = [row.due for row in records(500)]


async def test_order_is_kept(stand: Stand, memory: MemoryJournal) -> None:
    last = await memory.append(records(500))
    async with running(stand, memory) as standing:
        await until(lambda: standing.cursor == last)
    assert await stand.dues() == DUES
    assert memory.moves == sorted(memory.moves)


async def test_what_was_refused_is_tried_again_and_order_is_kept(stand: Stand, journal: Both) -> None:
    last = await journal.append(records(500))
    stand.refuse(9)
    async with running(stand, journal) as standing:
        await until(lambda: standing.cursor == last)
        assert standing.failures == 0
    assert await stand.dues() == DUES


async def test_a_refusal_says_why_and_moves_nothing(stand: Stand, journal: Both) -> None:
    await journal.append(records(3))
    stand.refuse(1)
    async with stand.open() as sink:
        rows = await journal.read(0, 10)
        with pytest.raises(Hold) as held:
            await sink.take(rows)
    assert held.value.seconds > 0
    assert held.value.reason
    assert await stand.dues() == []


async def test_nothing_is_there_twice_after_a_crash_between_send_and_commit(stand: Stand, journal: Both) -> None:
    last = await journal.append(records(500))
    for _ in range(3):
        async with stand.open() as sink:
            cursor, saved = await journal.resume(sink.name)
            await sink.resume(saved)
            await sink.take(await journal.read(cursor, 120))
    async with running(stand, journal) as standing:
        await until(lambda: standing.cursor == last)
    assert await stand.dues() == DUES


async def test_nothing_is_lost_at_a_stop(stand: Stand, journal: Both) -> None:
    for part in range(10):
        last = await journal.append(records(500)[part * 50 : part * 50 + 50])
        if part % 3 == 1:
            stand.refuse(1)
        async with running(stand, journal, batch=20):
            await asyncio.sleep(0.003 * part)
    async with running(stand, journal) as standing:
        await until(lambda: standing.cursor == last)
    assert sorted(await stand.dues()) == DUES


async def test_a_commit_that_fails_is_no_loss_and_no_double(stand: Stand, memory: MemoryJournal) -> None:
    last = await memory.append(records(500))
    memory.refuse = 1
    async with running(stand, memory) as standing:
        await until(lambda: standing.cursor == last)
    assert await stand.dues() == DUES


async def test_only_first_attempts_of_a_slot_are_measurements(stand: Stand, journal: Both) -> None:
    last = await journal.append(
        [record(1), record(2, purpose=Purpose.CONFIRM), record(3, purpose=Purpose.MANUAL), record(4)]
    )
    async with running(stand, journal) as standing:
        await until(lambda: standing.cursor == last)
    assert await stand.dues() == [record(1).due, record(4).due]


async def test_every_kind_of_row_is_taken(stand: Stand, journal: Both) -> None:
    last = await journal.append(
        [
            record(),
            failed(1, kind=Kind.LOCAL),
            PlanRow("c", {}, {}, ()),
            Heartbeat("ru1", None),
            ClockStep(-3.0),
            Gap(SERIES, THEN + 20 * SECOND, THEN + 20 * SECOND, 10, "bug"),
            EVENT,
            State("whatsapp", "ru1", 3, 0.0, 0.0, 0.0),
            Health({}),
            Annotation("a remark"),
        ]
    )
    async with running(stand, journal) as standing:
        await until(lambda: standing.cursor == last)
        assert standing.failures == 0


async def test_it_takes_what_comes_while_it_runs(stand: Stand, journal: Both) -> None:
    async with running(stand, journal) as standing:
        for one in records(30):
            last = await journal.append([one])
        await until(lambda: standing.cursor == last)
    assert await stand.dues() == DUES[:30]
