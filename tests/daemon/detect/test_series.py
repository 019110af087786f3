from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.detect.series import (
    MEMORY,
    RUN,
    Track,
    amend,
    artefact,
    flake_rate,
    known,
    look_closer,
    settle,
    take_bad,
    take_good,
)
from probes.record import Failure, Kind, Phase, Purpose, Series
from tests.lab.story import SECOND, START, attempt

SERIES = Series("whatsapp", "chat", "g:5222", "tcp", "ru1", "ipv4")
MINUTE = 60 * SECOND


def track():
    return Track("c", MINUTE, 130 * SECOND)


def record(slot, failure=None):
    due = START + slot * MINUTE
    return attempt(SERIES, due, due + SECOND, 2.0, failure)


def bad(slot, phase=Phase.TCP, kind=Kind.TIMEOUT):
    return record(slot, Failure(phase, kind))


def play(one, word, first=0):
    """`.` is a good slot, `t` fails in tcp, `d` in dns; returns where it went down (`v`) or up (`^`)."""
    said = ""
    for slot, letter in enumerate(word, first):
        if letter == ".":
            up = take_good(one, record(slot))
            said += "^" if up else " "
            if up:
                settle(one)
        else:
            down = take_bad(one, bad(slot, {"t": Phase.TCP, "d": Phase.DNS}[letter]))
            said += "v" if down else " "
    return said


def test_three_of_one_phase_down_three_good_up():
    assert play(track(), "..ttttt....") == "    v    ^ "


def test_two_are_no_run():
    assert play(track(), ".tt.tt.tt.").strip() == ""


def test_three_of_two_phases_are_no_run():
    assert play(track(), ".tdtdtdt").strip() == ""
    assert play(track(), ".tdddd") == "    v "


def test_a_failure_between_good_ones_starts_the_recovery_again():
    assert play(track(), "ttt..t..t...") == "  v        ^"


def test_the_bracket_is_kept_until_it_is_up():
    one = track()
    play(one, "..ttt..t")
    assert (one.before, one.first_bad) == (record(1).began, record(2).began)
    assert one.second_end == record(3).began + 2 * SECOND
    play(one, "...", first=8)
    assert (one.down, one.first_bad, one.fails, one.mix, one.ids) == (False, 0, 0, {}, [])
    assert one.first_good == record(8).began


def test_the_onset_is_the_first_failure_whatever_its_phase():
    one = track()
    play(one, "..tddd")
    assert one.first_bad == record(2).began
    assert one.mix == {"tcp.drop": 1, "dns.timeout": 3}


def test_only_runs_that_end_early_are_loss():
    lossy, blocked = track(), track()
    play(lossy, ".t.t.tt." * 5)
    play(blocked, "." * 20 + "t" * 20 + "." * 5)
    assert flake_rate(lossy.weight, lossy.flakes) > 0.2
    assert blocked.flakes == 0


def test_a_rate_is_held_down_while_little_is_known():
    assert flake_rate(1.0, 1.0) < 0.05
    assert flake_rate(0.0, 0.0) == 0.0


def test_a_slot_is_known_again():
    one = track()
    assert [known(one, START + slot * MINUTE) for slot in (0, 1, 3, 1, 2, 2, 3, 0)] == [
        False,
        False,
        False,
        True,
        False,
        True,
        True,
        True,
    ]
    assert one.due == START + 3 * MINUTE


@given(st.lists(st.integers(0, MEMORY - 1), max_size=80))
def test_each_slot_is_new_once_within_memory(slots):
    one, seen = track(), set()
    for slot in slots:
        assert known(one, START + slot * MINUTE) == (slot in seen)
        seen.add(slot)


def test_memory_is_bounded():
    one = track()
    known(one, START)
    known(one, START + 10_000 * MINUTE)
    assert not known(one, START)
    assert one.seen < 1 << MEMORY


def test_a_late_failure_moves_the_onset_back_but_never_behind_the_last_good_one():
    one = track()
    play(one, "..")
    play(one, "ttt", first=5)
    assert amend(one, bad(4))
    assert one.first_bad == bad(4).began
    assert not amend(one, bad(0))
    assert one.first_bad == bad(4).began
    assert not amend(one, bad(6))


def test_a_late_good_one_narrows_the_bracket():
    one = track()
    play(one, "..")
    play(one, "ttt", first=5)
    assert amend(one, record(3))
    assert one.before == record(3).began
    assert one.down


def test_late_ones_rewind_nothing():
    one = track()
    play(one, "....", first=10)
    before = one.last_good
    assert not amend(one, record(3))
    assert not amend(one, bad(4))
    assert (one.last_good, one.fails, one.down) == (before, 0, False)


@given(st.text(alphabet=".td", max_size=40))
def test_it_alternates_and_keeps_its_counts(word):
    one = track()
    said = play(one, word).replace(" ", "")
    assert said == ("v^" * len(said))[: len(said)]
    assert one.down == said.endswith("v")
    assert one.n == len(word)
    assert one.ok == word.count(".")
    assert (one.first_bad == 0) == (one.fails == 0)
    assert len(one.bads) <= RUN


def test_repeats_are_evidence_only_while_it_fails():
    one = track()
    play(one, "..")
    repeat = replace(record(1), purpose=Purpose.CONFIRM, attempt=2)
    look_closer(one, repeat)
    assert one.contra == []
    play(one, "t", first=2)
    again = replace(record(2), purpose=Purpose.CONFIRM, attempt=2)
    look_closer(one, again)
    look_closer(one, again)
    look_closer(one, replace(bad(2), purpose=Purpose.CONFIRM, attempt=3))
    assert one.contra == [again.id]
    assert len(one.ids) == 2
    assert one.fails == 1


def test_evidence_is_bounded():
    one = track()
    play(one, "t" * 30)
    assert one.ids == [bad(slot).id for slot in range(6)]


def test_an_artefact():
    one = track()
    take_bad(one, bad(0))
    assert not artefact(one)
    take_bad(one, bad(1, Phase.HTTP, Kind.HTTP_BLOCKPAGE))
    assert artefact(one)
