"""Records come back from their bytes to the microsecond, are small, and damaged bytes are an error of value."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal import compact
from daemon.journal.codec import decode_record
from daemon.journal.compact import due_and_setup, pack, references, rounded, unpack
from daemon.journal.intern import Interner
from daemon.journal.parts import part_of, to_text
from probes.record import Answer, Facts, Phase, Record, Series, TcpInfo, Timing
from tests.lab.journal_rows import realistic, records
from tests.lab.samples import THEN, record


class Shelf:
    """What a journal would hold of numbered content."""

    def __init__(self) -> None:
        self.interner = Interner()
        self.facts: dict[int, bytes] = {}
        self.series: dict[int, Series] = {}

    def pack(self, one: Record, at: int = THEN, seq: int = 1) -> bytes:
        body, _ = pack(one, at, seq, self.interner)
        self.number = self.interner.series(one.series)
        fresh = self.interner.take_fresh()
        if fresh:
            self.series |= dict(fresh.series)
            self.facts |= {number: to_text(key) for number, _, key in fresh.facts}
        return body

    def part(self, number: int):
        return part_of(json.loads(self.facts[number]))


@given(records, st.integers(0, 2_800_000_000_000_000))
def test_a_record_comes_back_rounded_to_the_microsecond(one, at):
    shelf = Shelf()
    for seq in (1, 2, 3):  # with its content inline, then numbered, then by number
        row = unpack(seq, one.series, shelf.pack(one, at, seq), shelf.part)
        assert row.body == rounded(one)
        assert (row.seq, row.at) == (seq, at)


@given(records)
def test_whether_it_was_in_whole_microseconds_is_told(one):
    assert pack(one, 0, 1, Interner())[1] == (rounded(one) == one)
    assert pack(rounded(one), 0, 1, Interner())[1]


@given(st.floats(0, 1e6))
def test_a_span_rounded_by_the_runner_is_exact_here(seconds):
    """`round(x, 6)` gives the very number that comes back from disk, so such a record needs no second rounding."""
    assert pack(record(seconds=round(seconds, 6), timings=()), 0, 1, Interner())[1]


@given(records)
def test_rounding_twice_changes_nothing(one):
    assert rounded(rounded(one)) == rounded(one)


@given(records)
def test_rounding_moves_nothing_by_more_than_half_a_microsecond(one):
    assert abs(rounded(one).seconds - one.seconds) <= 0.51e-6
    assert rounded(one).id == one.id


def test_the_types_of_the_vocabulary_come_back():
    shelf = Shelf()
    row = unpack(1, record().series, shelf.pack(record()), shelf.part)
    assert isinstance(row.body, Record)
    assert type(row.body.purpose) is type(record().purpose)
    assert all(type(timing.phase) is Phase for timing in row.body.timings)


def test_a_good_record_of_https_takes_128_bytes_at_most():
    shelf = Shelf()
    sizes = [len(shelf.pack(one, one.began + 400_000)) for one in realistic(3_000, THEN, "tls")]
    assert sum(sizes[500:]) / len(sizes[500:]) <= 128


def test_a_record_that_comes_hours_late_is_no_larger():
    one, shelf = record(), Shelf()
    shelf.pack(one)
    shelf.pack(one)
    assert len(shelf.pack(one, one.began + 6 * 3600 * 1_000_000)) == len(shelf.pack(one, one.began + 1))


def test_figures_beyond_31_bits_are_kept():
    one = record(facts=Facts(bytes_in=5_000_000_000, tcp=TcpInfo(1, 2, 3, 4, 2**60, 6, 7)))
    shelf = Shelf()
    assert unpack(1, one.series, shelf.pack(one), shelf.part).body == rounded(one)


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"facts": Facts(bytes_in=2**64)},
        {"facts": Facts(bytes_in=1.5)},  # type: ignore[arg-type]
        {"timings": tuple(Timing(Phase.DNS, 0.0, 0.0) for _ in range(150))},
    ],
)
def test_what_cannot_be_kept_is_refused_at_once(changes):
    with pytest.raises((ValueError, OverflowError)):
        pack(record(**changes), THEN, 1, Interner())


def test_due_and_set_up_are_read_without_the_rest():
    shelf = Shelf()
    for due in (THEN, THEN + 1):
        body = shelf.pack(record(due=due))
        assert due_and_setup(body)[0] == due
        assert references(body)[0] == due_and_setup(body)[1] == 1


def test_a_row_written_before_a_field_of_tcp_info_was_added(monkeypatch):
    """TCP_INFO stands last: a shorter one is filled up with zeros."""
    one, shelf = record(), Shelf()
    monkeypatch.setattr(compact, "_tcp_of", lambda tcp: (tcp.rtt, tcp.retransmits))
    row = unpack(1, one.series, shelf.pack(one), shelf.part)
    assert isinstance(row.body, Record)
    assert row.body.facts.tcp == TcpInfo(30_125, 2, 0, 0, 0, 0, 0)


def test_every_field_of_tcp_info_and_of_an_answer_is_kept():
    tcp = TcpInfo(*range(1, 1 + len(fields(TcpInfo))))
    answer = Answer(0.25, "NXDOMAIN", ("qr",), ("1.1.1.1",), 0, 1, "tcp")
    one = record(facts=Facts(tcp=tcp, answers=(answer, replace(answer, ttl=None))))
    shelf = Shelf()
    row = unpack(1, one.series, shelf.pack(one), shelf.part)
    assert row.body == rounded(one)


@given(records, st.data())
def test_damaged_bytes_give_another_row_or_an_error_of_value(one, data):
    """SQLite has no checksums: a flipped bit inside a row reaches us."""
    shelf = Shelf()
    shelf.pack(one)
    body = bytearray(shelf.pack(one))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    try:
        row = decode_record((1, shelf.number, cut), shelf.series.__getitem__, shelf.part)
    except ValueError:
        return
    assert isinstance(row.body, Record)
