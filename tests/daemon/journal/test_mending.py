"""Damage under a running journal: the file is replaced while rows wait, nothing that could be read is lost."""

import asyncio
import logging

import apsw
import pytest

from daemon.journal import mending, recovery
from daemon.journal.mending import Mending
from daemon.journal.opening import open_journal
from daemon.journal.reader import open_reader
from daemon.rows import Annotation
from probes.record import Record
from tests.lab.journal_rows import realistic
from tests.lab.samples import EVENT, THEN, record
from tests.lab.waiting import until


@pytest.fixture
async def damaged(opened, path, clock, scribble, monkeypatch):
    """Opens a file that was killed before and is damaged where the quick look did not come."""
    first = await opened()
    await first.append([EVENT, *realistic(6_000, THEN)])
    await first.commit("influx", 1_000, [], {"a": b"1"})
    await first.close()
    open_journal(path, clock).connection.close()  # as a kill leaves it
    scribble(path)
    monkeypatch.setattr("daemon.journal.opening._check_quickly", lambda _connection, _clock: None)
    return opened


@pytest.fixture
async def running(damaged, monkeypatch):
    """A journal that runs on such a file, and does not know it."""
    monkeypatch.setattr(Mending, "check_in_background", lambda _self, _damaged: None)
    return await damaged()


def annotations(path):
    with open_reader(path) as reader:
        return [row.body.text for row in reader.rows(kinds=["annotation"]) if isinstance(row.body, Annotation)]


async def test_the_check_in_the_background_finds_it_and_measuring_goes_on(damaged, path, caplog):
    running = await damaged()
    futures = [running.append([record(slot)]) for slot in range(50)]
    seqs = await asyncio.gather(*futures)
    await until(lambda: bool(list(path.parent.glob("journal.db.damaged-*Z"))) and running.condition == "ok")
    seqs.append(await running.append([Annotation("after")]))
    assert seqs == sorted(set(seqs))
    assert any("set aside" in text for text in annotations(path))
    with open_reader(path) as reader:
        assert EVENT in [row.body for row in reader.rows(kinds=["event"])]
        assert reader.cursors() == {"influx": 1_000}
        assert reader.unreadable == 0
        assert {row.seq for row in reader.rows()} >= set(seqs)
    said = [*caplog.get_records("setup"), *caplog.get_records("call")]
    assert [entry.levelno for entry in said].count(logging.ERROR) == 1


async def test_a_follower_reads_on_over_the_damage(running):
    seen: list[int] = []
    after = 0
    while rows := await running.read(after, 500):
        seen += [row.seq for row in rows]
        after = rows[-1].seq
    assert seen == sorted(set(seen))
    assert len(seen) > 4_000
    await until(lambda: running.condition == "ok")


async def test_rows_taken_before_and_written_after_can_be_read(running, path):
    """They refer to stored facts by the numbers of the old file."""
    fresh = record(1, config="never seen before")
    await running.append([fresh])
    running.damaged("for the test")
    later = running.append([fresh, fresh])
    await later
    with open_reader(path) as reader:
        found = [row.body for row in reader.rows(kinds=["record"])]
        assert reader.unreadable == 0
    assert sum(isinstance(body, Record) and body.config == "never seen before" for body in found) == 3


async def test_a_follower_may_commit_meanwhile(running, path):
    running.damaged("for the test")
    await running.commit("detect", 6_001, [Annotation("concluded")], {"b": b"2"})
    assert "concluded" in annotations(path)
    assert await running.resume("detect") == (6_001, {"b": b"2"})


async def test_what_is_found_twice_is_replaced_once(running, path):
    running.damaged("once")
    running.damaged("twice")
    await running.append([record(1)])
    assert len(list(path.parent.glob("journal.db.damaged-*Z"))) == 1


async def test_a_replacement_that_fails_is_tried_again(running, monkeypatch):
    monkeypatch.setattr(mending, "RETRY", 0.01)
    recover, attempts = recovery.recover, 0

    def full_at_first(*args):
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise apsw.FullError("database or disk is full")
        return recover(*args)

    monkeypatch.setattr(recovery, "recover", full_at_first)
    running.damaged("for the test")
    future = running.append([record(1)])
    await until(lambda: attempts >= 2)
    assert running.condition.startswith("damaged: ")
    await future
    assert running.condition == "ok"


async def test_close_does_not_wait_for_ever(running, monkeypatch, caplog):
    def full(*_args):
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr(recovery, "recover", full)
    monkeypatch.setattr(mending, "_CLOSE_WITHIN", 0.05)
    running.damaged("for the test")
    future = running.append([record(1)])
    await asyncio.wait_for(running.close(), 10)
    assert future.cancelled()
    assert "the next start will do it" in caplog.text


async def test_close_ends_the_check_in_the_background(opened, path, clock):
    first = await opened()
    await first.append(realistic(6_000, THEN))
    await first.close()
    open_journal(path, clock).connection.close()
    again = await opened()
    await asyncio.wait_for(again.close(), 10)


async def test_a_sound_file_that_was_not_closed_is_left_alone(opened, path, clock, caplog):
    first = await opened()
    await first.append([record(1)])
    await first.close()
    open_journal(path, clock).connection.close()
    again = await opened()
    assert "checked in the background" in caplog.text
    check = again._mending._checking
    assert check is not None
    await asyncio.to_thread(check.shutdown)
    await asyncio.sleep(0)
    assert again.condition == "ok"
    assert annotations(path) == []
