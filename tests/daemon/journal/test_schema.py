"""The file says whose it is and how old; older ones are led on after a backup, newer and foreign ones refused."""

import apsw
import pytest

from daemon.journal import schema
from daemon.journal.schema import VERSION, JournalRefused, open_reader, open_writer, pragma


def test_a_new_file_has_the_settings_that_were_measured(path):
    connection = open_writer(path)
    assert connection.pragma("journal_mode") == "wal"
    assert pragma(connection, "synchronous") == 2
    assert pragma(connection, "auto_vacuum") == 2
    assert pragma(connection, "journal_size_limit") == schema.WAL_LIMIT
    assert pragma(connection, "wal_autocheckpoint") == schema.CHECKPOINT_PAGES
    assert pragma(connection, "user_version") == VERSION
    assert pragma(connection, "application_id") == schema.APPLICATION
    connection.close()


def test_sqlite_is_free_of_the_wal_reset_bug():
    """3.7.0 to 3.51.2 can corrupt a journal with two connections (notes/mechanics.md)."""
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_a_file_is_opened_again_as_it_was(path):
    open_writer(path).close()
    connection = open_writer(path)
    assert pragma(connection, "user_version") == VERSION
    connection.close()


def test_a_newer_journal_is_refused_with_the_remedy(path):
    connection = open_writer(path)
    connection.pragma("user_version", VERSION + 1)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalRefused, match=r"newer reachd \(schema 2, this one knows 1\): install that version"):
        open_writer(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_alone(path):
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE moz_places (url)")
    connection.close()
    with pytest.raises(JournalRefused, match="another program: name another file"):
        open_writer(path)
    connection = apsw.Connection(str(path))
    assert connection.pragma("journal_mode") == "delete"
    connection.close()


def test_an_older_journal_is_led_on_after_a_backup(path, monkeypatch):
    connection = open_writer(path)
    connection.execute("INSERT INTO cursors VALUES ('detect', 7)")
    connection.close()
    monkeypatch.setattr(schema, "VERSION", 3)
    monkeypatch.setattr(
        schema,
        "UPGRADES",
        {1: "ALTER TABLE cursors ADD COLUMN moved INTEGER", 2: "UPDATE cursors SET moved = cursor * 2"},
    )
    connection = open_writer(path)
    assert connection.execute("SELECT * FROM cursors").fetchall() == [("detect", 7, 14)]
    assert pragma(connection, "user_version") == 3
    connection.close()
    backup = apsw.Connection(str(path.with_name("journal.db.schema1.backup")))
    assert backup.execute("SELECT * FROM cursors").fetchall() == [("detect", 7)]
    assert pragma(backup, "user_version") == 1
    backup.close()


def test_an_upgrade_that_fails_leaves_the_old_journal(path, monkeypatch):
    open_writer(path).close()
    monkeypatch.setattr(schema, "VERSION", 3)
    monkeypatch.setattr(schema, "UPGRADES", {1: "DROP TABLE cursors", 2: "nonsense"})
    with pytest.raises(apsw.SQLError):
        open_writer(path)
    monkeypatch.undo()
    connection = open_writer(path)
    assert connection.execute("SELECT count(*) FROM cursors").fetchall() == [(0,)]
    connection.close()


def test_an_upgrade_that_was_interrupted_can_be_repeated(path, monkeypatch):
    """The backup of the first attempt is there already, and it is the one of the old file."""
    open_writer(path).close()
    path.with_name("journal.db.schema1.backup").write_bytes(b"of the first attempt")
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(schema, "UPGRADES", {1: "CREATE TABLE more (x)"})
    open_writer(path).close()
    assert path.with_name("journal.db.schema1.backup").read_bytes() == b"of the first attempt"


def test_every_version_has_a_step_to_the_next():
    assert sorted(schema.UPGRADES) == list(range(1, VERSION))


def test_a_reader_writes_nothing(path):
    open_writer(path).close()
    connection = open_reader(path)
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM cursors")
    connection.close()


def test_a_reader_of_a_journal_that_is_not_there(path):
    with pytest.raises(JournalRefused, match="has `reachd run` been started"):
        open_reader(path)
    assert not path.exists()


def test_names_with_signs_that_mean_something_in_addresses(tmp_path):
    path = tmp_path / "a?b#c%20d e.db"
    open_writer(path).close()
    open_reader(path).close()
    assert path.exists()


def test_a_new_journal_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "journal.db"
    connection = open_writer(path)
    try:
        connection.execute("CREATE TABLE more (x)")
        files = [path, path.with_name("journal.db-wal"), path.with_name("journal.db-shm")]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    finally:
        connection.close()
