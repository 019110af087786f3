"""The state of rollups read back is the state, without what was let go of."""

import pytest
from hypothesis import given

from daemon.ledger import Ledger, step
from daemon.ledger_saved import (
    SERIES,
    SLOTS,
    STATE,
    newest_hour,
    pack_series,
    pack_slots,
    pack_state,
    restore,
    slot_keys,
)
from daemon.rows import Row
from tests.lab.rollups import BASE, HOUR, PLAN, histories, rows, slot


def saved(ledger: Ledger, seq: int) -> dict[str, bytes]:
    return {
        STATE: pack_state(ledger, seq, [f"{SLOTS}{seq}"]),
        SERIES: pack_series(ledger),
        f"{SLOTS}{seq}": pack_slots(ledger.fresh),
    }


@given(histories())
def test_it_comes_back_equal(all_rows: list[Row]) -> None:
    ledger = Ledger()
    for row in all_rows:
        step(ledger, row)
    again, seq = restore(saved(ledger, 77))
    assert seq == 77
    assert (again.now, again.tick, again.ticks, again.dirty) == (ledger.now, ledger.tick, ledger.ticks, ledger.dirty)
    assert again.numbers == ledger.numbers
    for one, other in zip(again.tracks, ledger.tracks, strict=True):
        assert (one.series, one.patience, one.forgotten) == (other.series, other.patience, other.forgotten)
        assert {hour: held.values for hour, held in one.hours.items()} == {
            hour: held.values for hour, held in other.hours.items()
        }


def test_nothing_saved_is_nothing_known() -> None:
    assert restore({}) == (Ledger(), 0)


def test_slots_are_read_in_the_order_of_their_rows_and_not_of_their_names() -> None:
    """A gap of row 9, a record of row 10: as text 10 comes first."""
    ledger = Ledger()
    for row in rows([(0, PLAN), (5, slot(0, 0, 3))]):
        step(ledger, row)
    parts = saved(ledger, 10) | {f"{SLOTS}9": b""}
    assert slot_keys(parts) == [f"{SLOTS}9", f"{SLOTS}10"]
    assert len(restore(parts)[0].tracks[0].hours[BASE // HOUR].values) == 1


@pytest.mark.parametrize("part", [STATE, SERIES, f"{SLOTS}10"])
def test_where_a_part_is_missing_all_is_made_anew(part: str) -> None:
    """The mending of a damaged journal brings over what it can of the saved state."""
    ledger = Ledger()
    for row in rows([(0, PLAN), (5, slot(0, 0, 3))]):
        step(ledger, row)
    parts = saved(ledger, 10)
    del parts[part]
    assert restore(parts) == (Ledger(), 0)


def test_hours_that_were_let_go_of_do_not_come_back() -> None:
    ledger = Ledger()
    for row in rows([(5, slot(0, 0, 3)), (3700, slot(0, 3700))]):
        step(ledger, row)
    ledger.tracks[0].forgotten = BASE // HOUR + 1
    again, _ = restore(saved(ledger, 2))
    assert list(again.tracks[0].hours) == [BASE // HOUR + 1]


def test_the_newest_hour_says_when_slots_can_go() -> None:
    ledger = Ledger()
    for row in rows([(3700, slot(0, 3700)), (3800, slot(0, 0))]):
        step(ledger, row)
    assert newest_hour(pack_slots(ledger.fresh)) == BASE // HOUR + 1
    assert newest_hour(b"") == 0


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="reads form 1"):
        restore({STATE: b"[2,0]", SERIES: b"[]"})
