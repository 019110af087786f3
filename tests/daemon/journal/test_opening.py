"""What is known before the first row: numbers, facts, the plan; what an unclean stop or damage changes."""

import apsw
import pytest

from daemon.journal import opening
from daemon.journal.opening import close_connection, open_journal
from daemon.journal.schema import JournalRefused
from daemon.rows import Annotation, Planned, PlanRow
from tests.lab.journal_rows import realistic
from tests.lab.samples import SERIES, THEN, record

PLAN = PlanRow("x", {}, {}, (Planned(SERIES, 15, 0, 5.0, "c"),))


@pytest.fixture
def look(path, clock):
    """Opens the journal, and closes it in order or (as a kill does) not."""

    def look_(*, clean=True):
        found = open_journal(path, clock)
        if clean:
            close_connection(found.connection)
        else:
            found.connection.close()
        return found

    return look_


def test_a_new_journal(look):
    found = look()
    assert (found.highest, found.last, found.every, found.clean, found.carried) == (0, 0, {}, True, None)


async def test_numbers_and_the_newest_plan_are_known(journal, look):
    await journal.append([PLAN, record(1), PlanRow("y", {}, {}, (Planned(SERIES, 30, 0, 5.0, "c"),)), record(2)])
    await journal.close()
    found = look()
    assert (found.highest, found.last, found.every) == (4, 4, {SERIES: 30})


async def test_numbers_are_never_given_twice_although_rows_are_gone(journal, path, look):
    await journal.append(realistic(20, THEN))
    await journal.commit("influx", 20, [])
    await journal.close()
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM records WHERE seq > 5")
    connection.close()
    found = look()
    assert (found.highest, found.last) == (20, 5)


async def test_stored_facts_and_series_keep_their_numbers(journal, look):
    await journal.append([record(1), record(2)])
    known = journal._interner.everything()
    await journal.close()
    again = look().interner.everything()
    assert again.series == known.series
    assert sorted(again.facts) == sorted(known.facts)


async def test_a_stored_fact_that_cannot_be_read_gets_a_new_number(journal, path, look):
    await journal.append([record(1), record(2)])
    await journal.close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE facts SET content = x'00' WHERE number = 2")
    connection.close()
    interner = look().interner
    assert {number for number, _, _ in interner.everything().facts} == {1, 3, 4}
    assert interner.number(("setup", "new"), 9) == 5


def test_a_stop_in_order_is_told_from_a_kill(look):
    assert look(clean=False).clean
    assert not look(clean=True).clean
    assert look().clean


async def test_a_plan_that_cannot_be_read_gives_no_intervals(journal, path, look):
    await journal.append([PLAN])
    await journal.close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE notes SET body = x'7b'")
    connection.close()
    assert look().every == {}


def test_a_text_file_is_a_slip_and_left_alone(path, look):
    path.write_text("[influxdb]\nurl = 'x'\n" * 100)
    with pytest.raises(JournalRefused, match="is no journal: name another file"):
        look()
    assert path.read_text().startswith("[influxdb]")


async def test_after_a_kill_damage_is_found_by_the_quick_look(journal, path, look, scribble):
    await journal.append(realistic(5_000, THEN))
    await journal.close()
    look(clean=False)
    scribble(path)
    found = look()
    assert found.carried is not None
    assert found.carried.records > 2_000
    assert found.carried.aside.exists()
    assert found.highest > 5_000


async def test_after_a_stop_in_order_the_file_is_not_read_through(journal, path, look, scribble):
    await journal.append(realistic(5_000, THEN))
    await journal.close()
    scribble(path)
    assert look().carried is None


async def test_the_quick_look_is_quick(journal, path, look, monkeypatch, scribble):
    """What it leaves is for the check in the background."""
    await journal.append(realistic(20_000, THEN))
    await journal.close()
    look(clean=False)
    scribble(path)
    monkeypatch.setattr(opening, "_LOOK_SECONDS", -1.0)
    found = look()
    assert not found.clean
    assert found.carried is None


def test_a_header_of_noise_is_damage(path, look, scribble):
    look()
    scribble(path, 0, 1)
    found = look()
    assert found.carried is not None
    assert found.last == 0


def test_what_is_refused_leaves_no_open_file(path, look):
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(JournalRefused):
        look()
    path.unlink()
    assert look().clean


@pytest.mark.parametrize(
    "fault", [apsw.FullError("disk full"), apsw.CantOpenError("unable to open"), apsw.IOError("x")]
)
def test_a_file_that_cannot_be_opened_is_refused_in_words(path, look, monkeypatch, fault):
    def refuse(_path):
        raise fault

    monkeypatch.setattr("daemon.journal.schema.open_writer", refuse)
    with pytest.raises(JournalRefused, match=r"is the disk full, or do its files belong to another user\?"):
        look()


async def test_a_disk_that_takes_nothing_now_does_not_keep_the_daemon_from_starting(journal, path, clock):
    await journal.append([Annotation("x")])
    await journal.close()
    connection = apsw.Connection(str(path))
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    connection.set_busy_timeout(1)
    found = opening._look(connection, clock)
    assert found.last == 1
    other.close()
    connection.close()
