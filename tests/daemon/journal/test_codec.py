"""Rows of all kinds come back equal, live and from disk; kinds have numbers that never change."""

import json
import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal.codec import CODES, NoteCell, RecordCell, decode_note, decode_record, encode, encode_note
from daemon.journal.intern import Interner
from daemon.journal.parts import part_of, to_text
from daemon.rows import KINDS, Annotation, Health, Heartbeat, PlanRow, Row
from probes.record import Record
from tests.lab.journal_rows import others, realistic, records
from tests.lab.samples import EVENT, THEN, record


@given(others, st.integers(1, 2**40), st.integers(0, 2**52))
def test_a_row_of_any_other_kind_comes_back_equal(body, seq, at):
    row, cell = encode(seq, at, body, Interner())
    assert row == Row(seq, at, body)
    assert decode_note(cast("NoteCell", cell)) == row


@given(records)
def test_followers_get_live_what_they_would_get_from_disk(one):
    interner = Interner()
    live, cell = encode(9, THEN, one, interner)
    fresh = interner.take_fresh()
    assert fresh is not None
    facts = {number: part_of(json.loads(to_text(key))) for number, _, key in fresh.facts}
    stored = decode_record(cast("RecordCell", cell), dict(fresh.series).__getitem__, facts.__getitem__)
    assert stored == live
    assert repr(stored) == repr(live)


def test_a_record_in_whole_microseconds_is_passed_on_as_it_is():
    one = record(seconds=0.123457)
    assert encode(1, THEN, one, Interner())[0].body is one


def test_every_kind_of_row_has_a_number():
    assert set(CODES) == set(KINDS) - {Record}


def test_the_numbers_of_kinds_never_change():
    """They are on the disks of users: add to them, never move them."""
    assert {KINDS[kind]: code for kind, code in CODES.items()} == {
        "plan": 1,
        "heartbeat": 2,
        "clock": 3,
        "gap": 4,
        "change": 5,
        "event": 6,
        "state": 7,
        "health": 8,
        "annotation": 9,
        "rollup": 10,
        "delivery": 11,
    }


def test_long_rows_are_deflated():
    health = Health({f"followers_number_{number}_lag_seconds": 0.25 * number for number in range(40)})
    assert len(encode_note(health)) < len(json.dumps(health.figures)) / 2
    assert decode_note((1, CODES[Health], THEN, encode_note(health))) == Row(1, THEN, health)


def test_short_rows_can_be_read_by_eye():
    assert json.loads(encode_note(Annotation("hello", "me"))) == {"text": "hello", "author": "me"}


def test_whole_numbers_among_figures_are_no_fault():
    assert json.loads(encode_note(Health({"rows": 3}))) == {"figures": {"rows": 3}}


def test_a_field_added_later_has_its_default_in_older_rows():
    assert decode_note((1, CODES[Heartbeat], 5, b'{"vantage": "ru1", "control": null}')).body == Heartbeat("ru1", None)
    assert isinstance(
        decode_note((1, 1, 5, b'{"config":"","vantages":{},"services":{},"assignments":[]}')).body, PlanRow
    )


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (99, b"{}"),
        (CODES[Annotation], b""),
        (CODES[Annotation], b"{"),
        (CODES[Annotation], b"\x78broken"),
        (CODES[Annotation], b'{"words": 1}'),
        (CODES[type(EVENT)], b'{"id": "x"}'),
    ],
)
def test_bytes_that_are_no_row_are_an_error_of_value(code, body):
    with pytest.raises(ValueError, match=r"."):
        decode_note((1, code, THEN, body))


def test_encoding_is_cheap():
    """25 us a record was the aim, 12 are measured; the bound leaves room for a busy machine."""
    rows = list(realistic(4_000, THEN))
    best = 1.0
    for _ in range(3):
        interner = Interner()
        began = time.process_time()
        for seq, one in enumerate(rows, 1):
            encode(seq, THEN, one, interner)
        best = min(best, (time.process_time() - began) / len(rows))
    assert best < 100e-6
