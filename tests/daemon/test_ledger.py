"""Whatever the order, the duplicates and the delays: in the end the rollups are those of a plain recomputation."""

import sys
import time
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings

from daemon.ledger import MOST, Hour, Ledger, forget, gather, missing, recall, step, unwritten
from daemon.rows import Body, Gap, Heartbeat, Rollup, Row
from daemon.windows import GRACE, windows_of
from probes.record import Series
from tests.lab.rollups import (
    BASE,
    FAILURES,
    HOUR,
    PLAN,
    SERIES,
    Stamped,
    ending,
    histories,
    newest,
    recomputed,
    rows,
    slot,
)
from tests.lab.samples import SECOND


def run(all_rows: Iterable[Row], ledger: Ledger | None = None) -> list[Rollup]:
    ledger = ledger or Ledger()
    return [made for row in all_rows for made in step(ledger, row)]


@given(histories())
@settings(max_examples=150)
def test_in_the_end_they_are_those_of_a_recomputation(all_rows: list[Row]) -> None:
    assert newest(run(all_rows)) == recomputed(all_rows)


@given(histories())
def test_no_window_is_written_before_it_is_over(all_rows: list[Row]) -> None:
    ledger, now = Ledger(), 0
    for row in all_rows:
        now = max(now, row.at)
        for made in step(ledger, row):
            assert made.start + made.width * SECOND <= now


@given(histories())
def test_the_same_row_twice_is_one(all_rows: list[Row]) -> None:
    twice = [copy for row in all_rows for copy in (row, row)]
    assert run(twice) == run(all_rows)


def test_two_intervals_and_a_timeout_after_its_end_a_window_is_over() -> None:
    story: list[Stamped] = [(0, PLAN), (60, slot(1, 60)), (429, Heartbeat("ru1", None)), (430, Heartbeat("ru1", None))]
    ledger = Ledger()
    made = [[(one.start, one.width) for one in step(ledger, row)] for row in rows(story)]
    assert made == [[], [], [], [(BASE, 300)]], "300 s, two intervals of 60 s, a timeout of 10 s"


def test_not_all_of_many_series_are_written_at_once() -> None:
    """A thousand hours of 360 values would stop the loop for a quarter of a second."""
    many = [replace(slot(0, 10), series=replace(SERIES[0], endpoint=f"h{number}")) for number in range(2 * MOST)]
    looks = [Row(len(many) + at, BASE + (9000 + 10 * at) * SECOND, Heartbeat("ru1", None)) for at in range(5)]
    ledger = Ledger()
    assert run([Row(seq, BASE + 10 * SECOND, one) for seq, one in enumerate(many, 1)], ledger) == []
    made = [step(ledger, row) for row in looks]
    assert [len(some) for some in made] == [MOST, MOST, MOST, MOST, 0]
    assert len(newest(one for some in made for one in some)) == 4 * MOST


def test_a_late_record_rewrites_both_its_windows() -> None:
    story: list[Stamped] = [(0, PLAN), (60, slot(1, 60)), (7300, Heartbeat("ru1", None)), (7301, slot(1, 120, 5000))]
    made = run(rows([*story, (7310, Heartbeat("ru1", None))]))
    assert [(one.width, one.n) for one in made] == [(300, 1), (3600, 1), (300, 2), (3600, 2)]
    assert made[-1].latency is not None
    assert (made[-1].latency.min, made[-1].latency.max) == (1000, 5000)


def test_our_own_faults_and_skipped_slots_are_counted_apart() -> None:
    story: list[Stamped] = [(number * 60, slot(1, number * 60, 10, one)) for number, one in enumerate(FAILURES)]
    story.append((300, Gap(SERIES[1], BASE + 240 * SECOND, BASE + 240 * SECOND, 60, "overload")))
    (five, _hour) = newest(run(rows([*story, *ending(300)]))).values()
    assert (five.n, five.ok, five.local, five.skipped) == (3, 0, 1, 1)
    assert five.failures == {"tcp_timeout": 1, "tls_reset": 1, "dns_name": 1}
    assert five.latency is None


def test_a_record_counts_although_a_gap_spoke_of_its_slot_before() -> None:
    gap = Gap(SERIES[1], BASE, BASE + 240 * SECOND, 60, "down")
    made = newest(run(rows([(250, gap), (251, slot(1, 60)), *ending(300)])))
    assert [(one.n, one.skipped) for one in made.values()] == [(1, 4)] * 2


def test_a_month_without_a_daemon_makes_no_thousands_of_windows() -> None:
    month = 30 * 24 * 3600
    gap = Gap(SERIES[0], BASE + 1800 * SECOND, BASE + month * SECOND, 10, "down")
    made = newest(run(rows([(1795, slot(0, 1790)), (month, gap), *ending(month)])))
    assert len(made) <= (13 * (GRACE + 2))
    assert made[SERIES[0], BASE, 3600].skipped == 180, "the hour in which it went down says how much is missing"


# ---- what is not at hand any more ----


def aged(late: Body) -> tuple[Ledger, list[Row]]:
    """A ledger that let go of the first hour, and all rows with a late one as the last."""
    story: list[Stamped] = [(number * 60, slot(1, number * 60)) for number in range(60)]
    story += [(5 * 3600 + number * 10, Heartbeat("ru1", None)) for number in range(40)]
    all_rows = rows([(0, PLAN), *story, (6 * 3600, late)])
    ledger = Ledger()
    run(all_rows[:-1], ledger)
    forget(ledger)
    assert not ledger.tracks[1].hours, "five hours later nothing is kept"
    return ledger, all_rows


def test_what_is_needed_again_is_named_and_taken_back() -> None:
    ledger, all_rows = aged(slot(1, 90, 7000))
    wanted = missing(ledger, all_rows[-1:])
    assert wanted == {1: {BASE // HOUR}}
    hours = {number: {hour: Hour() for hour in some} for number, some in wanted.items()}
    for row in all_rows[:-1]:
        gather(ledger, hours, row)
    recall(ledger, hours, BASE)
    more = rows(ending(7 * 3600))
    made = newest(run([all_rows[-1], *more], ledger))
    assert made[SERIES[1], BASE, 3600].n == 61
    assert made == {key: one for key, one in recomputed(all_rows).items() if key[:2] == (SERIES[1], BASE)}


def test_a_window_that_cannot_be_had_whole_stays_as_it_is() -> None:
    """Its raw rows are deleted: one late record must not replace sixty."""
    ledger, all_rows = aged(slot(1, 90))
    assert run([all_rows[-1], *rows(ending(7 * 3600))], ledger) == []
    assert ledger.given_up == 1


def test_an_hour_without_a_record_needs_no_journal() -> None:
    """An agent that was cut off for a day delivers it all: nothing of it was ever forgotten."""
    ledger, _ = aged(slot(1, 90))
    assert missing(ledger, rows([(0, slot(1, 2 * 3600))])) == {}


def test_what_is_unwritten_and_not_at_hand_is_known() -> None:
    ledger = Ledger()
    run(rows([(10, slot(0, 10))]), ledger)
    assert unwritten(ledger) == {}
    ledger.tracks[0].hours.clear()
    assert unwritten(ledger) == {0: {BASE // HOUR}}
    assert set(ledger.dirty) == set(windows_of(BASE))


# ---- what it costs ----


def test_a_thousand_series_at_ten_seconds_stay_small_and_cheap() -> None:
    """Ten microseconds a record were the aim, and 15 MB; a tenth of the series is measured."""
    series = [Series("s", "web", f"host{number}:443", "tls", "ru1", "ipv4") for number in range(100)]
    all_rows = [
        Row(index, BASE + due * SECOND, replace(slot(0, due, 1000 + index % 977), series=one))
        for index, (due, one) in enumerate(((due, one) for due in range(0, 4 * 3600, 10) for one in series), 1)
    ]
    ledger = Ledger()
    began = time.process_time()
    for row in all_rows:
        step(ledger, row)
        if not row.seq % 2_000:
            forget(ledger)
    spent = (time.process_time() - began) / len(all_rows)
    held = sum(sys.getsizeof(hour.values) for track in ledger.tracks for hour in track.hours.values())
    assert held < 1_300_000, "100 series"
    assert spent < 40e-6, "the bound leaves room for a busy machine"
