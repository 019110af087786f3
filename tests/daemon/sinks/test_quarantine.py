import json
import time

from daemon.sinks import quarantine
from daemon.sinks.answers import Answer
from daemon.sinks.bisect import Bad
from daemon.sinks.protocol import Line
from daemon.sinks.quarantine import KEPT, Quarantine


def bad(seq: int, status: int = 400) -> Bad:
    return Bad(Line(seq, 5, b"m x= 5"), Answer(status, '{"message": "unable to parse"}'))


def test_a_line_is_kept_with_status_words_and_time() -> None:
    changes = Quarantine().add([bad(7)], at=99)
    assert list(changes) == ["quarantine/7/0"]
    kept = json.loads(changes["quarantine/7/0"] or b"")
    assert kept == {"at": 99, "status": 400, "words": "unable to parse", "line": "m x= 5"}


def test_lines_of_one_row_are_numbered_also_in_a_later_batch() -> None:
    lot = Quarantine()
    assert list(lot.add([bad(7), bad(7), bad(8)], 1)) == ["quarantine/7/0", "quarantine/7/1", "quarantine/8/0"]
    assert list(lot.add([bad(7)], 2)) == ["quarantine/7/2"]


def test_the_same_batch_again_after_a_crash_has_the_same_keys() -> None:
    assert list(Quarantine().add([bad(7), bad(9)], 1)) == list(Quarantine().add([bad(7), bad(9)], 1))


def test_it_is_bounded_and_the_oldest_go() -> None:
    lot = Quarantine()
    lot.add([bad(seq) for seq in range(KEPT)], 1)
    changes = lot.add([bad(KEPT), bad(KEPT + 1)], 2)
    assert [key for key, value in changes.items() if value is None] == ["quarantine/0/0", "quarantine/1/0"]
    assert len(lot.keys) == KEPT


def test_more_than_fits_at_once() -> None:
    lot = Quarantine()
    changes = lot.add([bad(seq) for seq in range(KEPT + 5)], 1)
    assert sum(value is not None for value in changes.values()) == KEPT == len(lot.keys)


def test_it_is_taken_up_in_the_order_of_the_journal() -> None:
    saved = {f"quarantine/{seq}/0": b"{}" for seq in (100, 9, 20)} | {"counts": b"{}"}
    assert quarantine.load(saved).keys == ["quarantine/9/0", "quarantine/20/0", "quarantine/100/0"]


def test_a_whole_batch_of_bad_lines_is_put_away_quickly() -> None:
    lot = Quarantine()
    lot.add([bad(seq) for seq in range(KEPT)], 1)
    began = time.perf_counter()
    changes = lot.add([bad(KEPT + seq % 3) for seq in range(5000)], 2)
    assert time.perf_counter() - began < 1.0
    assert sum(value is not None for value in changes.values()) == KEPT


def test_a_number_that_is_in_use_is_not_given_again() -> None:
    assert list(Quarantine(["quarantine/7/3"]).add([bad(7)], 1)) == ["quarantine/7/4"]
