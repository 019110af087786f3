"""The thorough check finds damage, can be stopped, and does not stand in the writer's way."""

import threading

import pytest

from daemon.journal.check import Check
from tests.lab.journal_rows import realistic
from tests.lab.samples import THEN, record


@pytest.fixture
async def filled(journal, path):
    await journal.append(realistic(3_000, THEN))
    await journal.close()
    return path


def test_a_sound_file(filled):
    assert Check(filled).run() is None


def test_damage_is_named_with_its_table(filled, scribble):
    scribble(filled)
    verdict = Check(filled).run()
    assert verdict is not None
    assert "records" in verdict or "malformed" in verdict


def test_a_file_that_is_none_any_more(filled, scribble):
    scribble(filled, 0, 1)
    assert Check(filled).run() == "file is not a database"


def test_stopped_before_it_began_it_reads_nothing(filled, scribble):
    scribble(filled)
    check = Check(filled)
    check.stop()
    assert check.run() is None


def test_it_can_be_stopped_while_it_reads(filled):
    check = Check(filled)
    verdicts: list[str | None] = []
    thread = threading.Thread(target=lambda: verdicts.append(check.run()))
    thread.start()
    check.stop()
    thread.join(10)
    assert verdicts == [None]
    check.stop()


async def test_rows_are_written_while_it_reads(journal, path):
    await journal.append(realistic(3_000, THEN))
    verdicts: list[str | None] = []
    thread = threading.Thread(target=lambda: verdicts.append(Check(path).run()))
    thread.start()
    while thread.is_alive():
        await journal.append([record(1)])
    thread.join()
    assert verdicts == [None]
