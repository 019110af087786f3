"""The journal as followers know it: one order, durable rows only, cursors with their effects, and its limits."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.journal import store
from daemon.journal.reader import open_reader
from daemon.journal.schema import JournalRefused
from daemon.journal.store import Journal
from daemon.rows import Annotation, ClockStep, Gap, Planned, PlanRow
from probes.record import Record
from tests.lab.hand_clock import HandClock
from tests.lab.journal_rows import others, realistic, records
from tests.lab.samples import EVENT, SERIES, THEN, record
from tests.lab.waiting import until


def bodies(rows):
    return [row.body for row in rows]


async def everything(journal, limit=700):
    after, seen = 0, []
    while rows := await journal.read(after, limit):
        seen += rows
        after = rows[-1].seq
    return seen


# ---- append, read, wait --------------------------------------------------------------------------------------------


async def test_rows_have_one_order_across_kinds_and_calls(journal):
    first = journal.append([record(1), EVENT])
    second = journal.append([Annotation("x")])
    third = journal.commit("detect", 0, [ClockStep(1.0)])
    await third
    assert (await first, await second) == (2, 3)
    rows = await journal.read(0, 10)
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    assert [type(row.body).__name__ for row in rows] == ["Record", "Event", "Annotation", "ClockStep"]


async def test_what_is_not_durable_is_not_read(journal):
    future = journal.append([record(1)])
    assert await journal.read(0, 10) == []
    assert journal.last == 0
    await future
    assert len(await journal.read(0, 10)) == 1
    assert journal.last == 1


async def test_append_never_blocks(journal):
    began = time.perf_counter()
    for slot in range(200):
        future = journal.append([record(slot)])
    assert time.perf_counter() - began < 0.5
    await future


async def test_at_is_the_stamp_of_the_moment_of_the_call(journal, clock):
    first = clock.now
    journal.append([Annotation("a")])
    clock.pass_(5)
    journal.append([Annotation("b")])
    clock.pass_(-3600)
    await journal.append([Annotation("after a step back")])
    assert [row.at - first for row in await journal.read(0, 9)] == [0, 5_000_000, -3_595_000_000]


async def test_wait_returns_at_the_next_durable_row(journal):
    waiting = [asyncio.ensure_future(journal.wait(0)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    waiting[0].cancel()
    await journal.append([record(1)])
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 5)
    await asyncio.wait_for(journal.wait(0), 5)
    assert waiting[0].cancelled()


async def test_a_cursor_move_alone_wakes_nobody(journal):
    await journal.append([record(1)])
    waiting = asyncio.ensure_future(journal.wait(1))
    await journal.commit("influx", 1, [])
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_read_respects_the_limit_and_the_place(journal):
    await journal.append(realistic(20, THEN))
    assert [row.seq for row in await journal.read(3, 4)] == [4, 5, 6, 7]
    assert await journal.read(20, 4) == []
    assert await journal.read(99, 4) == []


async def test_memory_and_disk_join_without_a_seam(journal, monkeypatch):
    monkeypatch.setattr(store, "RECENT", 100)
    for _ in range(10):
        await journal.append(realistic(77, THEN))
    assert journal._floor > 0
    for limit in (1, 50, 1_000):
        seen = await everything(journal, limit)
        assert [row.seq for row in seen] == list(range(1, 771))
        if limit == 50:
            again = await everything(journal, limit)
            assert again == seen


async def test_live_and_from_disk_rows_are_equal(opened, monkeypatch):
    journal = await opened()
    await journal.append([EVENT, *realistic(300, THEN), Annotation("x")])
    live = await everything(journal)
    await journal.close()
    again = await opened()
    assert repr(await everything(again)) == repr(live)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(records | others, max_size=6), max_size=5))
async def test_whatever_is_appended_comes_back(tmp_path, calls):
    path = tmp_path / f"{uuid4()}.db"
    async with await Journal.open(path, HandClock()) as journal:
        for call in calls:
            await journal.append(call)
        live = await everything(journal)
    assert len(live) == sum(map(len, calls))
    with open_reader(path) as reader:
        assert list(reader.rows()) == live


async def test_a_row_that_cannot_be_kept_is_refused_at_the_call_and_disturbs_nothing(journal):
    before = journal.append([record(1)])
    with pytest.raises((ValueError, OverflowError)):
        journal.append([record(2), record(3, seconds=float("nan"))])
    with pytest.raises(KeyError):
        journal.append(["no row"])
    assert await journal.append([record(4)]) == 2
    assert await before == 1
    assert [row.seq for row in await everything(journal)] == [1, 2]


async def test_a_follower_is_not_kept_spinning_by_rows_that_cannot_be_read(opened, path):
    journal = await opened()
    await journal.append([record(1), record(2)])
    await journal.close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE records SET body = x'00' WHERE seq = 2")
    connection.close()
    again = await opened()
    assert [row.seq for row in await again.read(0, 9)] == [1]
    assert await again.read(1, 9) == []
    waiting = asyncio.ensure_future(again.wait(1))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await again.append([record(3)])
    await asyncio.wait_for(waiting, 5)
    assert [row.seq for row in await again.read(1, 9)] == [3]
    assert again.figures["journal_unreadable_rows"] >= 1


# ---- cursors -------------------------------------------------------------------------------------------------------


async def test_cursor_effect_and_state_survive_a_restart_together(opened):
    journal = await opened()
    await journal.append([record(1)])
    await journal.commit("detect", 1, [EVENT], {"a": b"1", "b": b"2"})
    await journal.commit("detect", 2, [], {"a": None})
    await journal.close()
    again = await opened()
    assert await again.resume("detect") == (2, {"b": b"2"})
    assert bodies(await again.read(1, 9)) == [EVENT]
    assert await again.cursors() == {"detect": 2}


async def test_a_new_follower_begins_at_the_beginning(journal):
    assert await journal.resume("new") == (0, {})


async def test_commits_of_a_window_share_a_transaction(journal):
    await asyncio.gather(*[journal.commit(f"follower {number}", number, []) for number in range(30)])
    assert journal.figures["journal_commits"] <= 3
    assert len(await journal.cursors()) == 30


async def test_followers_that_follow_each_other(journal):
    """One concludes from records, another from its conclusions: rows of a commit are rows like any other."""
    done = asyncio.Event()

    async def conclude():
        cursor = 0
        while cursor < 40:
            await journal.wait(cursor)
            rows = await journal.read(cursor, 7)
            found = [Annotation(f"saw {row.seq}") for row in rows if isinstance(row.body, Record)]
            cursor = rows[-1].seq
            await journal.commit("conclude", cursor, found)

    async def notice():
        cursor = 0
        seen: list[str] = []
        while len(seen) < 20:
            await journal.wait(cursor)
            rows = await journal.read(cursor, 3)
            seen += [row.body.text for row in rows if isinstance(row.body, Annotation)]
            cursor = rows[-1].seq
        done.set()
        return seen

    async with asyncio.TaskGroup() as group:
        group.create_task(conclude())
        noticed = group.create_task(notice())
        for slot in range(20):
            await journal.append([record(slot)])
    assert noticed.result() == [f"saw {seq}" for seq in [int(text.split()[1]) for text in noticed.result()]]
    assert len(set(noticed.result())) == 20


# ---- one writer, open and close ------------------------------------------------------------------------------------


async def test_a_second_daemon_is_refused_with_the_first_ones_process(journal, path, clock):
    with pytest.raises(JournalRefused, match=f"process {os.getpid()}"):
        await Journal.open(path, clock)


async def test_a_refused_file_leaves_the_lock_free(opened, path, clock):
    path.write_text("hello " * 100)
    with pytest.raises(JournalRefused):
        await Journal.open(path, clock)
    path.unlink()
    await opened()


async def test_the_folder_is_made(tmp_path, clock):
    async with await Journal.open(tmp_path / "a" / "b" / "journal.db", clock) as journal:
        await journal.append([record(1)])


async def test_closed_in_order_it_is_one_file(journal, path):
    await journal.append(realistic(3_000, THEN))
    await everything(journal)
    await journal.close()
    await journal.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["journal.db", "journal.db.lock"]


async def test_after_the_end_nothing_is_taken_in_silence(journal):
    await journal.close()
    with pytest.raises(RuntimeError, match="the journal is closed"):
        journal.append([record(1)])
    with pytest.raises(RuntimeError, match="the journal is closed"):
        await journal.commit("detect", 1, [])


async def test_what_waits_is_written_at_close(opened, path):
    journal = await opened()
    future = journal.append([record(1)])
    await journal.close()
    assert future.result() == 1
    with open_reader(path) as reader:
        assert len(list(reader.rows())) == 1


# ---- size and cost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("probe", ["tls", "http"])
async def test_a_good_record_takes_at_most_250_bytes_on_disk(journal, path, probe):
    """Growth of the file over many realistic records, pages and stored facts included; 137 and 175 are measured."""
    await journal.append(realistic(5_000, THEN, probe))
    await journal._writer.run(lambda connection: connection.wal_checkpoint())
    before = path.stat().st_size
    for _ in range(4):
        await journal.append(realistic(5_000, THEN, probe, seed=random.randrange(99)))
    await journal._writer.run(lambda connection: connection.wal_checkpoint())
    assert (path.stat().st_size - before) / 20_000 <= 250


async def test_a_reader_that_holds_a_snapshot_stops_nobody(journal, path):
    connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM records").fetchall()
    for _ in range(5):
        await asyncio.wait_for(journal.append(realistic(3_000, THEN)), 10)
    grown = (await journal.sizes()).log
    connection.execute("COMMIT")
    connection.close()
    for _ in range(3):
        await journal.append(realistic(3_000, THEN))
    assert (await journal.sizes()).log <= max(grown, 10_000_000)


# ---- a disk that is full -------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 1 MB of our own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small disk needs root (mount -t tmpfs)")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "reachd-test", folder], check=False).returncode:
        pytest.skip("mount is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def quick_retries(monkeypatch):
    monkeypatch.setattr("daemon.journal.writer.FIRST_RETRY", 0.02)
    monkeypatch.setattr("daemon.journal.writer.LAST_RETRY", 0.05)


@pytest.mark.usefixtures("quick_retries")
async def test_a_full_disk_is_survived_and_the_gap_told(small_disk, clock):
    plan = PlanRow("x", {}, {}, (Planned(SERIES, 10, 0, 5.0, "c"),))
    ballast = small_disk / "ballast"
    async with await Journal.open(small_disk / "journal.db", clock, ring=300) as journal:
        await journal.append([plan, record(0)])
        ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 40_000))
        slot = 0
        while journal.condition == "ok":
            slot += 1
            journal.append([record(slot)])
            await asyncio.sleep(0)
        assert journal.condition.startswith(("full: ", "failing: "))
        event = journal.append([EVENT])
        for _ in range(2_000):
            slot += 1
            last = journal.append([record(slot)])
        assert journal.figures["journal_dropped_rows"] > 1_000
        ballast.unlink()
        await asyncio.wait_for(asyncio.gather(event, last), 20)
        await until(lambda: journal.condition == "ok" and not journal._writer.waiting)
        rows = await everything(journal)
    (gap,) = [row.body for row in rows if isinstance(row.body, Gap)]
    kept = {row.body.due for row in rows if isinstance(row.body, Record)}
    assert (gap.reason, gap.every, gap.series) == ("disk", 10, SERIES)
    assert [row.body for row in rows if row.body == EVENT] == [EVENT]
    every = {record(number).due for number in range(slot + 1)}
    assert every == kept | {due for due in every if gap.first <= due <= gap.last}
    assert kept.isdisjoint({due for due in every if gap.first <= due <= gap.last})


@pytest.mark.usefixtures("quick_retries")
async def test_a_file_that_may_not_grow_is_survived(journal):
    """The same without root."""
    await journal.append([record(0)])

    def shut(connection):
        connection.pragma("max_page_count", connection.pragma("page_count"))

    await journal._writer.run(shut)
    futures = [journal.append(realistic(300, THEN)) for _ in range(3)]
    await until(lambda: journal.condition.startswith("full: "))
    assert await journal.read(1, 10) == []
    await journal._writer.run(lambda connection: connection.pragma("max_page_count", 1_000_000))
    assert await asyncio.gather(*futures) == [301, 601, 901]
    assert [row.seq for row in await everything(journal)] == list(range(1, 902))


@pytest.mark.usefixtures("quick_retries")
async def test_many_rows_after_a_full_disk_come_from_disk(journal, monkeypatch):
    monkeypatch.setattr(store, "RECENT", 100)
    journal._writer._in_memory = 100
    await journal._writer.run(lambda connection: connection.pragma("max_page_count", 12))
    future = journal.append(realistic(50, THEN))
    await until(lambda: journal.condition != "ok")
    for _ in range(20):
        last = journal.append(realistic(50, THEN))
    await journal._writer.run(lambda connection: connection.pragma("max_page_count", 1_000_000))
    await asyncio.gather(future, last)
    assert [row.seq for row in await everything(journal)] == list(range(1, 1_051))


# ---- kill -9 -------------------------------------------------------------------------------------------------------

CHILD = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from daemon.journal.store import Journal
    from daemon.rows import Annotation
    from probes.clock import SystemClock
    from probes.record import Record
    from tests.lab.samples import record

    async def follow(journal, name):
        cursor, saved = await journal.resume(name)
        count = int(saved.get("count", b"0"))
        while True:
            await journal.wait(cursor)
            rows = await journal.read(cursor, 50)
            found = [Annotation(str(row.body.due), name) for row in rows if isinstance(row.body, Record)]
            count += len(found)
            cursor = rows[-1].seq
            await journal.commit(name, cursor, found, {"count": str(count).encode()})

    async def measure(journal, slot):
        while True:
            futures = [journal.append([record(slot + number)]) for number in range(10)]
            await asyncio.gather(*futures)
            slot += 10
            print(slot, flush=True)

    async def main(path, slot):
        journal = await Journal.open(path, SystemClock())
        print("open", flush=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(journal, "one"))
            group.create_task(follow(journal, "two"))
            group.create_task(measure(journal, slot))

    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
""")


def live_until_killed(path: Path, slot: int, seconds: float) -> int:
    """A real process under load, killed after so many seconds; gives the first slot whose record it did not confirm."""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, path, str(slot)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        timer = time.monotonic() + seconds
        while time.monotonic() < timer:
            slot = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        for line in child.stdout:
            slot = int(line)
    return slot


async def killed_again_and_again(path: Path, times: int) -> None:
    chance = random.Random()
    slot, confirmed = 0, set()
    for _ in range(times):
        end = live_until_killed(path, slot, chance.uniform(0.1, 0.6))
        confirmed |= set(range(slot, end))
        slot = end + 1_000  # what was not confirmed may be there or not
    async with await Journal.open(path, HandClock()) as journal:
        assert journal.condition == "ok"
        rows = await everything(journal)
        cursors = {name: await journal.resume(name) for name in ("one", "two")}
    dues = [row.body.due for row in rows if isinstance(row.body, Record)]
    assert {record(number).due for number in confirmed} <= set(dues)
    assert len(dues) == len(set(dues))
    assert [row.seq for row in rows] == sorted({row.seq for row in rows})
    for name, (cursor, saved) in cursors.items():
        effects = [int(row.body.text) for row in rows if isinstance(row.body, Annotation) and row.body.author == name]
        taken = [row.body.due for row in rows if isinstance(row.body, Record) and row.seq <= cursor]
        assert effects == taken
        assert int(saved["count"]) == len(taken)
    connection = apsw.Connection(str(path))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert not list(path.parent.glob("*damaged*"))


async def test_killed_three_times_nothing_is_lost_and_nothing_repeated(path):
    await killed_again_and_again(path, 3)


@pytest.mark.long
async def test_killed_twenty_times_nothing_is_lost_and_nothing_repeated(path):
    await killed_again_and_again(path, 20)
