"""Out of a damaged file comes what can be read; the file is set aside; a crash in between loses neither."""

import apsw
import pytest

from daemon.journal import recovery
from daemon.journal.opening import open_journal
from daemon.journal.reader import open_reader
from daemon.journal.recovery import MARGIN, finish, recover
from daemon.rows import Annotation, Planned, PlanRow
from tests.lab.journal_rows import realistic
from tests.lab.samples import EVENT, SERIES, THEN, record

NOW = 1_770_840_011_000_000
ASIDE = "journal.db.damaged-20260211T200011Z"
PLAN = PlanRow("x", {}, {"whatsapp": "foreign"}, (Planned(SERIES, 10, 0, 5.0, "c"),))


@pytest.fixture
async def damaged(journal, path, scribble):
    """6,000 records, events, a plan and cursors at the beginning and the end, and noise in the middle."""
    await journal.append([PLAN, EVENT])
    await journal.commit("influx", 2, [], {"url": b"x"})
    await journal.append(realistic(6_000, THEN))
    await journal.commit("detect", 6_000, [EVENT], {f"series {number}": b"x" * 300 for number in range(50)})
    await journal.close()
    scribble(path)
    return path


def test_what_can_be_read_is_carried_over(damaged):
    carried = recover(damaged, NOW)
    assert carried.aside.name == ASIDE
    assert (carried.others, carried.cursors) == (3, 2)
    assert 4_000 < carried.records < 6_000
    with open_reader(damaged) as reader:
        rows = list(reader.rows())
        assert [row.body for row in rows if not hasattr(row.body, "began")] == [PLAN, EVENT, EVENT]
        assert reader.cursors() == {"influx": 2, "detect": 6_000}
        assert reader.saved("influx") == {"url": b"x"}
        assert len(reader.saved("detect")) == 50
        assert reader.unreadable == 0
        assert len(rows) == carried.records + carried.others
        assert rows[-1].seq == 6_003
        assert reader.last() == 6_003 + MARGIN


def test_the_damaged_file_is_kept_as_it_was(damaged):
    before = damaged.read_bytes()
    recover(damaged, NOW)
    assert damaged.with_name(ASIDE).read_bytes() == before


async def test_records_keep_their_numbers_and_contents(journal, path, scribble):
    await journal.append(realistic(6_000, THEN))
    before = {row.seq: row for row in await journal.read(1_000, 10_000)}
    await journal.close()
    scribble(path)
    recover(path, NOW)
    with open_reader(path) as reader:
        after = list(reader.rows(after=1_000))
    assert len(after) > 3_500
    assert all(before[row.seq] == row for row in after)


def test_numbers_go_on_above_what_the_caller_has_given_out(damaged):
    recover(damaged, NOW, floor=50_000)
    with open_reader(damaged) as reader:
        assert reader.last() == 50_000


def test_a_file_whose_first_page_is_gone_gives_a_new_journal(damaged, scribble):
    scribble(damaged, 0, 1)
    carried = recover(damaged, NOW)
    assert (carried.records, carried.others, carried.cursors) == (0, 0, 0)
    with open_reader(damaged) as reader:
        assert list(reader.rows()) == []
    assert damaged.with_name(ASIDE).exists()


def test_a_file_cut_off_in_the_middle(damaged):
    with damaged.open("r+b") as file:
        file.truncate(damaged.stat().st_size // 2)
    carried = recover(damaged, NOW)
    assert carried.records > 1_000
    with open_reader(damaged) as reader:
        assert EVENT in [row.body for row in reader.rows()]


@pytest.mark.parametrize("page", range(1, 40, 3))
def test_damage_anywhere_ends_in_a_sound_journal(journal_bytes, path, scribble, page):
    path.write_bytes(journal_bytes)
    scribble(path, page, page + 2)
    recover(path, NOW)
    connection = apsw.Connection(str(path))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    with open_reader(path) as reader:
        list(reader.rows())
        assert reader.unreadable == 0


@pytest.fixture
async def journal_bytes(journal, path):
    await journal.append([PLAN, EVENT, *realistic(900, THEN)])
    await journal.commit("detect", 900, [EVENT], {f"series {number}": b"x" * 300 for number in range(50)})
    await journal.close()
    return path.read_bytes()


def test_records_whose_facts_are_lost_do_not_come_over(damaged):
    connection = apsw.Connection(str(damaged))
    connection.execute("DELETE FROM facts WHERE number = 1")
    connection.close()
    recover(damaged, NOW)
    with open_reader(damaged) as reader:
        rows = list(reader.rows())
        assert reader.unreadable == 0
        assert EVENT in [row.body for row in rows]


def test_only_the_newest_records_are_copied(damaged, monkeypatch):
    monkeypatch.setattr(recovery, "RECORDS", 600)
    assert 500 < recover(damaged, NOW).records <= 600


def test_killed_before_the_new_file_was_finished_it_begins_again(damaged, monkeypatch):
    def killed(_new):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "_rebuilt", killed)
        with pytest.raises(KeyboardInterrupt):
            recover(damaged, NOW)
    assert damaged.with_name("journal.db.rebuilding").exists()
    assert recover(damaged, NOW).cursors == 2
    assert not list(damaged.parent.glob("*rebuil*"))


@pytest.mark.parametrize("steps", [0, 1])
def test_killed_between_the_renames_the_next_start_finishes(damaged, clock, monkeypatch, steps):
    """The rescued cursors must not be left behind under a name that nobody opens."""
    done = 0
    rename = type(damaged).rename

    def counted(old, new):
        nonlocal done
        if "rebuilding" not in old.name:
            if done == steps:
                raise KeyboardInterrupt
            done += 1
        return rename(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(type(damaged), "rename", counted)
        with pytest.raises(KeyboardInterrupt):
            recover(damaged, NOW)
    opened = open_journal(damaged, clock)
    opened.connection.close()
    with open_reader(damaged) as reader:
        assert reader.cursors() == {"influx": 2, "detect": 6_000}
    assert len(list(damaged.parent.glob("journal.db.damaged-*Z"))) == 1


def test_the_log_goes_with_the_file_it_belongs_to(damaged):
    log = damaged.with_name("journal.db-wal")
    log.write_bytes(b"of the damaged file")
    recover(damaged, NOW)
    assert damaged.with_name(f"{ASIDE}-wal").exists()
    assert not log.exists()


def test_nothing_to_finish(path):
    assert finish(path, NOW) is None
    assert not path.exists()


def test_the_words_name_the_file_and_what_came_over(damaged):
    words = recover(damaged, NOW).words()
    assert f"set aside as {ASIDE}" in words
    assert "2 cursors" in words


def test_a_second_damage_in_the_same_second_does_not_overwrite_the_first(damaged, scribble):
    recover(damaged, NOW)
    first = damaged.with_name(ASIDE).read_bytes()
    scribble(damaged)
    carried = recover(damaged, NOW)
    assert carried.aside.name == f"{ASIDE}.2"
    assert damaged.with_name(ASIDE).read_bytes() == first


@pytest.mark.parametrize("rows", [[Annotation("x")], [record(1)], []])
async def test_a_sound_file_is_carried_over_whole(journal, path, rows):
    await journal.append(rows)
    await journal.close()
    recover(path, NOW)
    with open_reader(path) as reader:
        assert len(list(reader.rows())) == len(rows)
