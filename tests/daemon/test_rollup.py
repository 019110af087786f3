"""Rollups as a follower: restarts at any row, lost commits, what is not at hand any more; alone and with a journal."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import ledger
from daemon.follower import Standing, follow
from daemon.journal.reader import open_reader
from daemon.journal.store import Journal
from daemon.ledger import Ledger, step
from daemon.ledger_saved import SLOTS
from daemon.replay import conclusions
from daemon.rollup import SAVE_AFTER, Rollups
from daemon.rows import Body, Heartbeat, Rollup, Row
from probes.record import Series
from tests.lab.hand_clock import HandClock
from tests.lab.rollups import (
    BASE,
    PLAN,
    SERIES,
    Stamped,
    ending,
    histories,
    newest,
    recomputed,
    rows,
    slot,
)
from tests.lab.samples import SECOND
from tests.lab.waiting import until


@dataclass
class Store:
    """What a journal keeps for a follower, and how often it was asked for old rows."""

    rows: Sequence[Row]
    cursor: int = 0
    saved: dict[str, bytes] = field(default_factory=dict)
    made: list[Body] = field(default_factory=list)
    recalls: int = 0

    async def recall(self, series: Collection[Series], since: int, until_: int, see: Callable[[Row], None]) -> int:
        self.recalls += 1
        for row in self.rows:
            if row.at >= since and row.seq <= until_ and getattr(row.body, "series", None) in series:
                see(row)
        return 0

    async def offer(self, follower: Rollups, batch: int, *, commit: bool = True) -> None:
        """One batch as the follower loop does it; without a commit all of it is lost."""
        some = [row for row in self.rows if row.seq > self.cursor][:batch]
        if not some:
            return
        taken = await follower.take(some)
        if commit:
            self.cursor = some[-1].seq if taken.cursor is None else taken.cursor
            self.made += taken.rows
            self.save(taken.saved)

    def save(self, saved: Mapping[str, bytes | None]) -> None:
        self.saved |= {key: value for key, value in saved.items() if value is not None}
        for key in [key for key, value in saved.items() if value is None]:
            self.saved.pop(key, None)


@dataclass(frozen=True)
class Life:
    """Batches between two starts of the daemon, and whether its last commit was lost."""

    batches: list[int]
    lost: bool


lives = st.lists(st.builds(Life, st.lists(st.integers(1, 12), max_size=6), st.booleans()), max_size=6)


async def live(store: Store, some: Sequence[Life]) -> None:
    """Some short lives and a last one to the end of the rows."""
    for life in some:
        follower = Rollups(store.recall)
        await follower.resume(store.saved)
        for index, batch in enumerate(life.batches):
            await store.offer(follower, batch, commit=not (life.lost and index == len(life.batches) - 1))
    follower = Rollups(store.recall)
    await follower.resume(store.saved)
    await store.offer(follower, 1)
    while store.cursor < store.rows[-1].seq:
        await store.offer(follower, 7)


@given(histories(), lives)
@settings(max_examples=150)
def test_restarts_at_any_row_make_the_same_rows_in_the_same_order(all_rows: list[Row], some: list[Life]) -> None:
    once = [made for state in [Ledger()] for row in all_rows for made in step(state, row)]
    store = Store(all_rows)
    asyncio.run(live(store, some))
    assert store.made == once
    assert newest(store.made) == recomputed(all_rows)


@given(histories(), lives)
@settings(max_examples=150)
def test_what_comes_after_its_hour_was_let_go_of_is_added_to_what_was_there(
    all_rows: list[Row], some: list[Life]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "TOUCHED", 0)
        patch.setattr(ledger, "GRACE", -1)
        store = Store(all_rows)
        asyncio.run(live(store, some))
    assert newest(store.made) == recomputed(all_rows)


def test_hours_are_called_back_in_that_test() -> None:
    """Or it would show nothing."""
    late = [(hour * 3600, slot(1, hour * 3600)) for hour in range(9)]
    all_rows = rows([(0, PLAN), *late, (9 * 3600, slot(1, 60)), *ending(9 * 3600)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "TOUCHED", 0)
        store = Store(all_rows)
        asyncio.run(live(store, []))
    assert store.recalls == 1
    assert newest(store.made)[SERIES[1], BASE, 3600].n == 2


def test_the_state_is_saved_now_and_then_and_what_is_old_is_deleted() -> None:
    story: list[Stamped] = [(due, slot(0, due)) for due in range(0, 8 * 3600, 10)]
    store = Store(rows([(0, PLAN), *story]))
    asyncio.run(live(store, []))
    kept = [key for key in store.saved if key.startswith(SLOTS)]
    size = sum(len(value) for value in store.saved.values())
    assert 24 < len(kept) < 120, "of three hours"
    assert size < 3.5 * 360 * 8 + 120 * 16 + 1000, "eight bytes a slot"


def test_without_a_window_that_is_over_it_is_saved_after_five_minutes() -> None:
    beats: list[Stamped] = [(at, Heartbeat("ru1", None)) for at in range(0, 700, 10)]
    store, follower = Store(rows(beats)), Rollups(Store(()).recall)

    async def saves() -> int:
        count = 0
        for row in store.rows:
            count += bool((await follower.take([row])).saved)
        return count

    assert asyncio.run(saves()) == 700 // 10 // SAVE_AFTER


def test_what_is_too_late_to_be_counted_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    hours: list[Stamped] = [(hour * 3600, slot(1, hour * 3600)) for hour in range(9)]
    late: list[Stamped] = [(9 * 3600, slot(1, due)) for due in (60, 120, 180)]

    class Gone(Store):
        async def recall(self, *_wanted: object) -> int:
            return BASE + 8 * 3600 * SECOND

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "TOUCHED", 0)
        store = Gone(rows([(0, PLAN), *hours, *late, *ending(9 * 3600)]))
        asyncio.run(live(store, []))
    assert newest(store.made)[SERIES[1], BASE, 3600].n == 1
    assert [record.name for record in caplog.records] == ["reachd.rollup"]


def test_a_state_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="form 99"):
        asyncio.run(Rollups(Store(()).recall).resume({"state": b"[99]", "series": b"[]"}))


def test_detection_passes_rollups_over() -> None:
    all_rows = rows([(0, PLAN), *[(due, slot(0, due)) for due in range(0, 900, 10)], *ending(900)])
    made = [one for state in [Ledger()] for row in all_rows for one in step(state, row)]
    mixed = [*all_rows, *(Row(len(all_rows) + place, BASE, one) for place, one in enumerate(made, 1))]
    assert made
    assert list(conclusions(mixed)) == list(conclusions(all_rows))


# ---- with a journal ----


@pytest.fixture
def clock() -> HandClock:
    return HandClock(BASE)


async def fed(path: Path, clock: HandClock, bodies: Sequence[Stamped]) -> None:
    """One life of a daemon: rows with their stamps (seconds after BASE), rollups beside them."""
    async with await Journal.open(path, clock) as journal, asyncio.TaskGroup() as group:
        follower, standing = Rollups(journal.recall), Standing("rollup")
        task = group.create_task(follow(journal, follower, clock, standing))
        for at, body in bodies:
            clock.now = BASE + at * SECOND
            journal.append([body])
        last = await journal.append([Heartbeat("ru1", None)])
        await until(lambda: standing.cursor >= last and not standing.in_a_row)
        task.cancel()


def read(path: Path) -> tuple[list[Row], list[Rollup]]:
    with open_reader(path) as reader:
        all_rows = list(reader.rows())
    return all_rows, [row.body for row in all_rows if isinstance(row.body, Rollup)]


async def test_a_journal_holds_the_rollups_of_its_records(tmp_path: Path, clock: HandClock) -> None:
    """Killed and begun anew in between; the last hours come late, and one record a day late."""
    path = tmp_path / "journal.db"
    first: list[Stamped] = [(due, slot(number, due, due + 1)) for due in range(0, 3600, 60) for number in (0, 1)]
    await fed(path, clock, [(0, PLAN), *first[:50]])
    await fed(path, clock, first[50:])
    late: list[Stamped] = [(9000, slot(1, due, 7)) for due in range(3600, 7200, 60)]
    day = 24 * 3600
    beats: list[Stamped] = [(day + at, Heartbeat("ru1", None)) for at in range(0, 600, 10)]
    await fed(path, clock, [*late, *ending(9000), *beats])
    before = newest(read(path)[1])[SERIES[1], BASE, 3600]
    await fed(path, clock, [(day + 700, slot(1, 30, 9)), *ending(day + 700)])
    all_rows, made = read(path)
    assert newest(made) == recomputed(all_rows)
    after = newest(made)[SERIES[1], BASE, 3600]
    assert (before.n, after.n) == (60, 61)


async def test_rollups_are_asked_for_by_their_word(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "journal.db"
    await fed(path, clock, [(0, PLAN), (10, slot(0, 10)), *ending(10)])
    with open_reader(path) as reader:
        assert [row.body.width for row in reader.newest("rollup", 9) if isinstance(row.body, Rollup)] == [3600, 300]
        assert [type(row.body) for row in reader.rows(kinds={"rollup"})] == [Rollup, Rollup]
        assert len(list(reader.rows(kinds={"rollup", "plan"}))) == 3
