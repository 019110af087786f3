"""A daemon that starts again knows the last outcomes, and writes down what it could not measure meanwhile."""

from config.plan import Assignment
from config.slots import SECOND, due_of
from daemon.resume import Past, missed, past
from daemon.rows import Gap, Heartbeat, Row
from probes.plugin import ProbeOptions
from probes.record import Facts, Purpose, Record, Series

SERIES = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "home", "ipv4")
OTHER = Series("max", "web", "web.max.ru:443", "tls", "home", "ipv4")
EVERY, OFFSET = 60, 17


def assignment(series: Series = SERIES) -> Assignment:
    return Assignment(series, ProbeOptions(), EVERY, OFFSET, 10.0, "system", "c0ffee", "tcp/1")


def record(slot: int, purpose: Purpose = Purpose.SLOT) -> Record:
    due = due_of(slot, EVERY, OFFSET)
    return Record(SERIES, due, due + SECOND, 0.1, (), None, Facts(), purpose)


def rows(*bodies: Record | Gap | Heartbeat) -> list[Row]:
    return [Row(number, 1000 * number, body) for number, body in enumerate(bodies, start=1)]


def test_the_last_slot_record_of_a_series_counts_not_what_confirmed_it() -> None:
    before = past(rows(record(1), record(2), record(2, Purpose.CONFIRM)))
    assert before.last == {SERIES: record(2)}
    assert before.ended == 3000


def test_a_closer_look_is_remembered_beside_the_slots() -> None:
    before = past(rows(record(1, Purpose.DIAGNOSE), record(2), record(2, Purpose.DIAGNOSE)))
    assert before.diagnosed == {SERIES: record(2, Purpose.DIAGNOSE)}
    assert before.last == {SERIES: record(2)}


def test_the_slots_while_down_become_one_gap() -> None:
    before = past(rows(record(1), record(2)))
    now = due_of(5, EVERY, OFFSET) + 3 * SECOND
    first, last = (due_of(slot, EVERY, OFFSET) for slot in (3, 5))
    assert missed(before, [assignment()], now) == [Gap(SERIES, first, last, EVERY, "down")]


def test_what_a_gap_covers_is_not_told_twice() -> None:
    stopped = Gap(SERIES, due_of(3, EVERY, OFFSET), due_of(4, EVERY, OFFSET), EVERY, "stop")
    before = past(rows(record(2), stopped))
    due = due_of(5, EVERY, OFFSET)
    assert missed(before, [assignment()], due) == [Gap(SERIES, due, due, EVERY, "down")]


def test_a_quick_restart_missed_nothing() -> None:
    assert missed(past(rows(record(2))), [assignment()], due_of(3, EVERY, OFFSET) - 1) == []


def test_a_series_new_to_the_plan_missed_nothing() -> None:
    assert missed(past(rows(record(2))), [assignment(OTHER)], due_of(9, EVERY, OFFSET)) == []


def test_an_empty_journal_missed_nothing() -> None:
    assert missed(Past(), [assignment()], due_of(9, EVERY, OFFSET)) == []
    assert past([]) == Past()
