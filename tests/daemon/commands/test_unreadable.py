import pytest

from daemon.commands.events import events
from daemon.commands.export import Choice, export
from daemon.commands.tail import tail
from daemon.commands.unreadable import unreadable
from daemon.journal.opening import ROOM
from daemon.journal.schema import JournalRefused

COMMANDS = [events, export, lambda path: tail(path, wait=lambda: False)]


@pytest.mark.parametrize("command", COMMANDS, ids=["events", "export", "tail"])
def test_a_file_that_is_no_journal_is_no_traceback(command, tmp_path, said):
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and no database of any kind\n" * 100)
    assert command(path) == 2
    text, complaint = said()
    assert text == ""
    assert f"{path} is damaged or no journal" in complaint
    assert "reachd run" in complaint


def test_a_journal_with_a_hole_is_told_where_it_is_met(write, said):
    path = write([])
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    assert export(path, choice=Choice(all_rows=True)) == 2
    assert "is damaged or no journal" in said()[1]


def test_a_refusal_is_said_in_its_own_words(tmp_path, said):
    assert unreadable(JournalRefused("it is newer: upgrade"), tmp_path) == 2
    assert said()[1] == "reachd: it is newer: upgrade\n"


def test_what_may_pass_is_told_apart_from_damage(tmp_path, said):
    assert unreadable(ROOM[0]("disk I/O error"), tmp_path / "journal.db") == 2
    assert "cannot be read now (disk I/O error): look at its permissions" in said()[1]
