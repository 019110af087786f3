import io
import sys

from daemon.commands.backup import backup
from daemon.journal.reader import open_reader


def rows_in(path):
    with open_reader(path) as reader:
        return list(reader.rows())


def test_a_copy_beside_the_journal_under_the_time(story, said):
    assert backup(story) == 0
    text, complaints = said()
    assert complaints == ""
    (copy,) = story.parent.glob("journal.2*Z.db")
    assert text == f"{copy}\n"
    assert rows_in(copy) == rows_in(story)


def test_a_copy_under_a_name(story, tmp_path):
    target = tmp_path / "copy.db"
    assert backup(story, target) == 0
    assert rows_in(target) == rows_in(story)


def test_a_copy_in_a_folder(story, tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    assert backup(story, folder) == 0
    assert [path.suffix for path in folder.iterdir()] == [".db"]


def test_nothing_is_overwritten(story, tmp_path, said):
    target = tmp_path / "copy.db"
    target.write_text("mine")
    assert backup(story, target) == 2
    assert "copy.db exists: name another file" in said()[1]
    assert target.read_text() == "mine"


def test_without_a_journal_there_is_no_copy(tmp_path, said):
    assert backup(tmp_path / "none.db", tmp_path / "copy.db") == 2
    assert "no copy was made: there is no journal at" in said()[1]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(story, tmp_path, said):
    assert backup(story, tmp_path / "no" / "copy.db") == 2
    assert "no copy was made" in said()[1]


def test_a_person_sees_how_far_it_is(story, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert backup(story) == 0
    assert "copying 100 %" in screen.getvalue()
