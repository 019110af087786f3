"""The narrator tells every event revision as soon as it is in the journal, and changes if it is asked to."""

import asyncio
from dataclasses import replace

from daemon.demo.narrator import Narrator
from daemon.follower import Taken, follow
from daemon.rows import Change, Direction, Event, Heartbeat, Row
from tests.lab.hand_clock import HandClock
from tests.lab.memory_journal import MemoryJournal
from tests.lab.samples import EVENT, SERIES, THEN, record
from tests.lab.waiting import until

CHANGE = Change(SERIES, THEN, Direction.DOWN, "tcp", "generic_timeout_error", THEN - 1, THEN, 0.9, ("A",))
SECOND = replace(EVENT, revision=2, state="confirmed")


def rows(*bodies: object) -> list[Row]:
    return [Row(number, THEN, body) for number, body in enumerate(bodies, 1)]  # type: ignore[arg-type]


async def test_revisions_are_told_in_order_and_kept() -> None:
    told: list[Event] = []
    narrator = Narrator(told.append)
    taken = await narrator.take(rows(record(), EVENT, Heartbeat("ru1", True), SECOND))
    assert taken == Taken()
    assert told == narrator.events == [EVENT, SECOND]


async def test_changes_are_told_only_where_somebody_listens() -> None:
    told: list[Change] = []
    await Narrator(lambda _event: None).take(rows(CHANGE))
    await Narrator(lambda _event: None, told.append).take(rows(CHANGE, EVENT))
    assert told == [CHANGE]


async def test_as_a_follower_it_tells_what_is_appended() -> None:
    journal, narrator = MemoryJournal(), Narrator(lambda _event: None)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follow(journal, narrator, HandClock()))
        journal.append([EVENT])
        await until(lambda: narrator.events == [EVENT])
        journal.append([SECOND])
        await until(lambda: journal.cursors.get("narrator") == 2)
        task.cancel()
    assert narrator.events == [EVENT, SECOND]
    assert journal.saved["narrator"] == {}
