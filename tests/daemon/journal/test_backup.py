"""A copy is whole and sound, also while the daemon writes, and never half there."""

import apsw
import pytest

from daemon.journal import backup
from daemon.journal.backup import copy
from daemon.journal.reader import open_reader
from tests.lab.journal_rows import realistic
from tests.lab.samples import THEN


async def filled(journal, number=3_000):
    return await journal.append(realistic(number, THEN))


async def test_a_copy_of_a_running_journal(journal, path):
    last = await filled(journal)
    target = path.with_name("copy.db")
    copy(path, target)
    with open_reader(target) as old, open_reader(path) as new:
        assert list(old.rows()) == list(new.rows())
        assert old.last() == last
    connection = apsw.Connection(str(target))
    assert connection.pragma("journal_mode") == "delete"
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT value FROM meta WHERE name = 'clean'").fetchall() == [(1,)]
    connection.close()
    assert sorted(file.name for file in path.parent.glob("copy*")) == ["copy.db"]


async def test_it_holds_one_moment_although_rows_keep_coming(journal, path, monkeypatch):
    """SQLite begins a copy anew when the source changes under it; ours would never end."""
    last = await filled(journal)
    monkeypatch.setattr(backup, "_PAGES", 8)
    steps: list[tuple[int, int]] = []

    def more(done, total):
        steps.append((done, total))
        connection = apsw.Connection(str(path))
        connection.execute("INSERT INTO notes VALUES (?, 9, 0, x'7b7d')", (last + len(steps),))
        connection.close()

    copy(path, path.with_name("copy.db"), more)
    assert len(steps) > 5
    assert [done for done, _ in steps] == sorted({done for done, _ in steps})
    assert steps[-1][0] == steps[-1][1]
    with open_reader(path.with_name("copy.db")) as reader:
        assert reader.last() == last


async def test_a_copy_can_be_opened_as_a_journal(journal, path, clock):
    await filled(journal, 10)
    target = path.with_name("copy.db")
    copy(path, target)
    async with await type(journal).open(target, clock) as copied:
        assert len(await copied.read(0, 100)) == 10


def test_what_is_there_is_not_overwritten(path):
    path.write_bytes(b"")
    target = path.with_name("copy.db")
    target.write_text("mine")
    with pytest.raises(FileExistsError, match="name another file"):
        copy(path, target)
    assert target.read_text() == "mine"


def test_without_a_journal_there_is_no_copy(path):
    with pytest.raises(FileNotFoundError, match="no journal"):
        copy(path, path.with_name("copy.db"))


async def test_a_copy_that_fails_leaves_nothing(journal, path):
    await filled(journal)

    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(path, path.with_name("copy.db"), stop)
    assert not list(path.parent.glob("copy*"))
