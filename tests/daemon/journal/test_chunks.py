"""Rows from disk are decoded once for all followers, in order, over any holes."""

from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal.chunks import KEPT, SPAN, Chunks
from daemon.rows import Annotation, Row
from tests.lab.journal_rows import realistic
from tests.lab.samples import THEN


@pytest.fixture
async def chunks(journal, path):
    await journal.append(realistic(3 * SPAN + 10, THEN))
    found = Chunks(path)
    yield found
    found.close()


def everything(chunks, last, limit=500):
    after, seen = 0, []
    while rows := chunks.read(after, limit, last):
        seen += [row.seq for row in rows]
        after = rows[-1].seq
    return seen


@pytest.mark.parametrize("limit", [1, 100, SPAN, 10_000])
async def test_all_rows_in_order(chunks, limit):
    last = 3 * SPAN + 10 if limit > 1 else 20
    assert everything(chunks, last, limit) == list(range(1, last + 1))


async def test_nothing_beyond_what_is_durable(chunks):
    assert [row.seq for row in chunks.read(SPAN - 2, 100, SPAN + 3)] == [SPAN - 1, SPAN, SPAN + 1, SPAN + 2, SPAN + 3]
    assert chunks.read(SPAN + 3, 100, SPAN + 3) == []


async def test_a_chunk_is_decoded_once(chunks):
    first = chunks.read(0, 50, 3 * SPAN)
    again = chunks.read(10, 40, 3 * SPAN)
    assert [row.seq for row in again] == list(range(11, 51))
    assert all(one is other for one, other in zip(first[10:], again, strict=True))


async def test_the_chunk_that_still_grows_is_not_kept(chunks, journal):
    assert len(chunks.read(3 * SPAN, 100, 3 * SPAN + 10)) == 10
    last = await journal.append([Annotation("more")])
    assert [row.seq for row in chunks.read(3 * SPAN + 10, 100, last)] == [last]


async def test_few_chunks_are_kept(journal, path):
    await journal.append(realistic((KEPT + 3) * SPAN, THEN))
    chunks = Chunks(path)
    everything(chunks, (KEPT + 3) * SPAN)
    assert len(chunks._kept) == KEPT
    chunks.close()


async def test_a_long_stretch_without_rows_is_one_step(journal, path, monkeypatch):
    await journal.append(realistic(3 * SPAN, THEN))
    await journal.close()
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM records WHERE seq > 5")
    connection.execute("INSERT INTO notes VALUES (9000000, 9, 0, ?)", (b'{"text": "far"}',))
    connection.close()
    chunks = Chunks(path)
    reads: list[int] = []

    def counted(number, last):
        reads.append(number)
        return Chunks._chunk(chunks, number, last)

    monkeypatch.setattr(chunks, "_chunk", counted)
    assert everything(chunks, 9_000_000) == [1, 2, 3, 4, 5, 9_000_000]
    assert len(reads) < 10
    chunks.close()


async def test_what_cannot_be_read_is_counted_also_over_a_new_file(chunks, path):
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE records SET body = x'00' WHERE seq = 3")
    connection.close()
    assert [row.seq for row in chunks.read(0, 4, 3 * SPAN)] == [1, 2, 4, 5]
    assert chunks.unreadable == 1
    chunks.close()
    assert len(chunks.read(0, 4, 3 * SPAN)) == 4
    assert chunks.unreadable == 2


class Sparse:
    """A reader whose rows have these numbers."""

    def __init__(self, seqs):
        self.seqs = seqs

    def batch(self, after, limit, until):
        return [Row(seq, 0, Annotation("x")) for seq in self.seqs if after < seq <= until][:limit]

    def next_after(self, after):
        return next((seq for seq in self.seqs if seq > after), None)


@given(st.sets(st.integers(1, 3_000), max_size=60), st.integers(1, 40), st.integers(0, 3_000))
def test_any_holes_are_stepped_over(seqs, limit, last):
    chunks = Chunks(Path("unused"))
    chunks._reader = Sparse(sorted(seqs))  # type: ignore[assignment]
    assert everything(chunks, last, limit) == [seq for seq in sorted(seqs) if seq <= last]
