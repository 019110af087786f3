"""Rollups on disk: nothing is lost, some thirty bytes, an hour's under a number of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.classes import FailureClass
from daemon.journal.codec import CODES, HOURLY, decode_note, encode
from daemon.journal.intern import Interner
from daemon.journal.rollups import beginning, pack, unpack
from daemon.rows import Rollup, Row, Spread
from tests.lab.rollups import rollups
from tests.lab.samples import SERIES, THEN

GOOD = Rollup(
    SERIES, THEN // 300_000_000 * 300_000_000, 300, 30, 30, {}, 0, 0, Spread(81_204, 92_031, 120_044, 151_002, 181_002)
)


@given(rollups)
def test_it_comes_back_equal(rollup: Rollup) -> None:
    assert unpack(pack(rollup, 70_000), {70_000: rollup.series}.__getitem__) == rollup


@given(rollups)
def test_as_a_row_too(rollup: Rollup) -> None:
    interner = Interner()
    row, cell = encode(9, THEN, rollup, interner)
    fresh = interner.take_fresh()
    assert fresh is not None
    assert len(cell) == 4
    assert cell[1] == (HOURLY if rollup.width == 3600 else CODES[Rollup])
    assert decode_note(cell, dict(fresh.series).__getitem__) == row == Row(9, THEN, rollup)


def test_it_is_small() -> None:
    assert len(pack(GOOD, 900)) <= 30


def test_the_bytes_never_change() -> None:
    """They are on the disks of users."""
    made = pack(
        Rollup(SERIES, 600_000_000, 300, 300, 1, {FailureClass.TCP_TIMEOUT: 299}, 2, 3, Spread(1, 2, 3, 4, 5)), 7
    )
    assert made.hex(" ") == "07 ac 02 02 ac 02 01 02 03 01 05 ab 02 01 01 01 01 01"


def test_the_number_of_an_hour_is_no_others() -> None:
    assert HOURLY == 12
    assert HOURLY not in CODES.values()


@pytest.mark.parametrize(
    "changes",
    [{"start": 1}, {"n": -1}, {"latency": Spread(5, 4, 3, 2, 1)}, {"latency": Spread(-1, 1, 1, 1, 1)}],
)
def test_what_cannot_be_is_refused(changes: dict[str, object]) -> None:
    figures = {name: getattr(GOOD, name) for name in Rollup.__slots__}
    with pytest.raises(ValueError, match="rollup"):
        pack(Rollup(**figures | changes), 1)


@pytest.mark.parametrize(
    "body", [b"", b"\x01", b"\xff\xff", pack(GOOD, 1)[:-1], b"\x01\xac\x02\x01\x01\x01\x00\x00\x01\x7f\x01"]
)
def test_bytes_that_are_none_are_an_error_of_value(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"rollup|argument"):
        unpack(body, {1: SERIES}.__getitem__)


def test_a_series_that_is_gone_is_an_error_of_value() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpack(pack(GOOD, 2), {1: SERIES}.__getitem__)
    with pytest.raises(ValueError, match="series 2 is not known"):
        decode_note((1, CODES[Rollup], THEN, pack(GOOD, 2)))


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_bytes_begin_with_the_series_and_with_no_other(mine: int, other: int) -> None:
    assert pack(GOOD, mine).startswith(beginning(mine))
    assert pack(GOOD, mine).startswith(beginning(other)) == (mine == other)
