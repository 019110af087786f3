import json

import pytest

from daemon.commands.tail import shown, tail
from daemon.rows import Annotation, Row
from daemon.wire_in import row_of
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series, Timing

SERIES = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ru1", "ipv4")
TIMINGS = (Timing(Phase.DNS, 0.0, 0.012), Timing(Phase.TCP, 0.012, 0.0304))
BEGAN = 1_770_840_001_204_311


def record(failure=None, purpose=Purpose.SLOT):
    return Record(SERIES, BEGAN, BEGAN, 0.05, TIMINGS, failure, Facts(), purpose)


def once():
    return False


def test_the_past_comes_first_and_then_what_is_added(story, said):
    looks = iter([True, True, False])
    assert tail(story, json=True, wait=lambda: next(looks)) == 0
    lines = said()[0].splitlines()
    assert len(lines) == 9, "all records of the story, and no other rows"
    assert [json.loads(line)["reachd"] for line in lines] == ["record/1"] * 9
    assert [row_of(line, 1).at for line in lines] == sorted(row_of(line, 1).at for line in lines)


def test_only_the_end_of_a_long_past_is_shown(write, said):
    journal = write([(second, record()) for second in range(30)])
    assert tail(journal, json=True, wait=once) == 0
    assert len(said()[0].splitlines()) == 10


def test_an_empty_journal_is_waited_on(write, said):
    looks = iter([True, True, True, False])
    assert tail(write([]), wait=lambda: next(looks)) == 0
    assert next(looks, None) is None
    assert said() == ("", "")


def test_people_see_a_line_a_record(story, said):
    assert tail(story, wait=once) == 0
    text = said()[0]
    assert len(text.splitlines()) == 9
    assert "20:00:01 ok      whatsapp chat g.whatsapp.net:5222 tcp ru1 ipv4  dns 12 tcp 30 ms" in text
    assert "tcp: generic_timeout_error" in text
    assert "\x1b" not in text, "neither colour for a program nor the escape that a stranger wrote"


def test_ctrl_c_ends_it(story):
    def interrupted():
        raise KeyboardInterrupt

    assert tail(story, wait=interrupted) == 130


def test_without_a_journal_it_says_what_to_do(tmp_path, said):
    assert tail(tmp_path / "none.db", wait=once) == 2
    assert "reachd run" in said()[1]


@pytest.mark.parametrize(
    ("failure", "word", "style"),
    [
        (None, "ok", "green"),
        (Failure(Phase.TCP, Kind.TIMEOUT), "FAILED", "red"),
        (Failure(Phase.TCP, Kind.LOCAL, "no route"), "local", "yellow"),
    ],
)
def test_colour_goes_by_result(failure, word, style):
    line = shown(Row(1, BEGAN, record(failure)))
    assert line.style == style
    assert word in line.plain


def test_evidence_is_marked():
    assert shown(Row(1, BEGAN, record(purpose=Purpose.CONFIRM))).plain.endswith("(confirm)")


def test_other_rows_have_no_line():
    assert shown(Row(1, BEGAN, Annotation("x"))).plain == ""
