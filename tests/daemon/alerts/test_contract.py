"""What every alert must do. A coming type joins by a file in tests/lab/alerts/ with a `stand` like webhook.py's."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

import tests.lab
from daemon.alerts.channel import Channel
from daemon.alerts.outbox import DIGEST_AFTER
from daemon.follower import Standing, follow
from daemon.journal.store import Journal
from daemon.rows import Delivery, Event
from daemon.sinks.pace import Pace
from probes.clock import SystemClock
from tests.lab.memory_journal import MemoryJournal
from tests.lab.samples import record
from tests.lab.story_of_events import event, life, news
from tests.lab.waiting import until

CLOCK = SystemClock()
Both = MemoryJournal | Journal
ALERTS = sorted(path.stem for folder in tests.lab.__path__ for path in Path(folder, "alerts").glob("*.py"))


class Stand(Protocol):
    """A receiver that the test can see into."""

    def open(self, name: str = "desk") -> AbstractAsyncContextManager[Channel]:
        """The alert as a new process would open it."""
        ...

    def refuse(self, times: int) -> None:
        """Take nothing that often, in ways that pass by themselves."""
        ...

    def condemn(self, times: int) -> None:
        """Refuse what comes that often, in a way that is the message's own fault."""
        ...

    def lose_answers(self, times: int) -> None:
        """Take what comes that often and let nobody know."""
        ...

    def told(self) -> list[tuple[str, int, str]]:
        """Event, revision and transition of what was taken, each once, in the order of its first arrival."""
        ...

    def ids(self) -> list[tuple[str, str]]:
        """Id and content of everything that came, repeats and refused included."""
        ...


@pytest.fixture(params=ALERTS)
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    async with importlib.import_module(f"tests.lab.alerts.{request.param}").stand() as made:
        yield made


@pytest.fixture(params=["memory", "disk"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Both]:
    if request.param == "memory":
        yield MemoryJournal()
    else:
        async with await Journal.open(tmp_path / "journal.db", CLOCK) as made:
            yield made


@asynccontextmanager
async def running(stand: Stand, journal: Both) -> AsyncIterator[tuple[Channel, Standing]]:
    async with stand.open() as channel, asyncio.TaskGroup() as group:
        channel.pace = Pace(0.005, 0.05, lambda: 1.0)
        standing = Standing(channel.name)
        task = group.create_task(follow(journal, channel, CLOCK, standing))
        yield channel, standing
        task.cancel()


def now(*names: str) -> list[Event]:
    """Lives of these events that were told just now."""
    return [one for name in names for one in life(name, CLOCK.wall())]


async def outcomes(journal: Both) -> list[tuple[str, int, str, str]]:
    bodies = [row.body for row in await journal.read(0, 10_000) if isinstance(row.body, Delivery)]
    return [(body.event, body.revision, body.transition, body.outcome) for body in bodies]


async def test_every_transition_is_told_in_order_and_noted(stand: Stand, journal: Both) -> None:
    await journal.append([record(), *now("E1", "E2"), record(1)])
    wanted = news("E1", "E2")
    async with running(stand, journal) as (channel, _standing):
        await until(lambda: channel.figures.sent == len(wanted) and not channel.outbox.waiting)
    assert stand.told() == wanted
    assert set(await outcomes(journal)) <= {(*told, "delivered") for told in wanted}


async def test_what_was_refused_is_tried_again_and_order_is_kept(stand: Stand, journal: Both) -> None:
    stand.refuse(9)
    await journal.append(now("E1", "E2"))
    async with running(stand, journal) as (_channel, standing):
        await until(lambda: stand.told() == news("E1", "E2"))
        await until(lambda: standing.holding == "")
        assert standing.failures == 0


async def test_a_receiver_that_refuses_is_seen_and_holds_no_row_up(stand: Stand, journal: Both) -> None:
    stand.refuse(10_000)
    await journal.append(now("E1"))
    async with running(stand, journal) as (channel, standing):
        await until(lambda: standing.holding != "")
        last = await journal.append([record(slot) for slot in range(50)])
        await until(lambda: standing.cursor >= last)
        assert standing.failures == 0
        assert channel.measured()["alert_desk_waiting_messages"] == 4


async def test_nothing_is_lost_at_a_stop_and_repeats_are_known_by_their_id(stand: Stand, journal: Both) -> None:
    names = [f"E{number}" for number in range(8)]
    for place, name in enumerate(names):
        await journal.append(now(name))
        if place % 3 == 1:
            stand.refuse(1)
        async with running(stand, journal):
            await asyncio.sleep(0.004 * place)
    async with running(stand, journal):
        await until(lambda: set(stand.told()) == set(news(*names)))
    for name in names:
        assert [told for told in stand.told() if told[0] == name] == news(name)
    contents = dict(stand.ids())
    assert all(contents[name] == content for name, content in stand.ids()), "one id, two contents"


async def test_a_lost_answer_makes_a_repeat_with_the_same_id_and_content(stand: Stand, journal: Both) -> None:
    stand.lose_answers(2)
    await journal.append(now("E1"))
    async with running(stand, journal) as (channel, _standing):
        await until(lambda: channel.figures.sent == 4)
    came = stand.ids()
    assert len(came) == 6
    assert len(set(came)) == len(dict(came)) == 4


async def test_what_is_refused_for_good_is_given_up_and_blocks_nothing(stand: Stand, journal: Both) -> None:
    stand.condemn(10)
    await journal.append(now("E1"))
    async with running(stand, journal) as (channel, standing):
        await until(lambda: channel.figures.given_up == 1 and channel.figures.sent == 3)
        await until(lambda: standing.holding == "")
    assert stand.told() == news("E1")[1:]


async def test_after_an_outage_one_digest_tells_all(stand: Stand, journal: Both) -> None:
    long_ago = CLOCK.wall() - 2 * DIGEST_AFTER
    await journal.append([*life("E1", long_ago), *life("E2", long_ago), event("E3", at=CLOCK.wall())])
    async with running(stand, journal):
        await until(lambda: len(stand.told()) == 9)
    assert stand.told() == [*news("E1", "E2"), ("E3", 1, "opened")]
    assert len(stand.ids()) == 2


async def test_a_commit_that_fails_is_no_loss(stand: Stand) -> None:
    memory = MemoryJournal()
    memory.refuse = 1
    await memory.append(now("E1"))
    async with running(stand, memory):
        await until(lambda: stand.told() == news("E1"))


async def test_two_alerts_are_told_each_and_know_nothing_of_each_other(stand: Stand, journal: Both) -> None:
    await journal.append(now("E1"))
    async with stand.open("desk") as desk, stand.open("phone") as phone, asyncio.TaskGroup() as group:
        tasks = [group.create_task(follow(journal, one, CLOCK)) for one in (desk, phone)]
        await until(lambda: desk.figures.sent == phone.figures.sent == 4)
        for task in tasks:
            task.cancel()
    assert desk.name != phone.name
    assert len(dict(stand.ids())) == 8
