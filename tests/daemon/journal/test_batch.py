"""A transaction is whole or not at all, and may be written twice."""

import asyncio
from secrets import token_hex

import apsw
import pytest

from daemon.journal.batch import HOUR, Move, Operation, write
from daemon.journal.codec import encode
from daemon.journal.intern import Interner
from daemon.journal.schema import open_writer
from daemon.rows import Annotation
from tests.lab.samples import EVENT, THEN, record


@pytest.fixture
def connection(path):
    connection = open_writer(path)
    yield connection
    connection.close()


class Hand:
    """Makes operations as the journal does."""

    def __init__(self):
        self.next = 1
        self.interner = Interner()

    def operation(self, *bodies, at=THEN, move=None, told=()):
        op = Operation(at, self.next, self.next - 1, asyncio.get_running_loop().create_future(), move=move, told=told)
        for body in bodies:
            op.add(*encode(self.next, at, body, self.interner))
            self.next += 1
        op.last = self.next - 1
        op.fresh = self.interner.take_fresh()
        return op


def table(connection, name):
    return connection.execute(" ".join(("SELECT * FROM", name))).fetchall()


async def test_rows_go_to_their_tables_with_what_they_refer_to(connection):
    op = Hand().operation(record(1), EVENT, record(2))
    write(connection, [op])
    assert [line[0] for line in table(connection, "records")] == [1, 3]
    assert [line[:3] for line in table(connection, "notes")] == [(2, 6, THEN)]
    assert [line[0] for line in table(connection, "series")] == [1]
    assert [line[0] for line in table(connection, "facts")] == [1, 2, 3, 4]
    assert (op.first, op.last, op.size()) == (1, 3, 3)


async def test_hours_know_the_first_and_last_row_of_their_stamps(connection):
    hand = Hand()
    ops = [hand.operation(Annotation("x"), Annotation("y"), at=at) for at in (0, HOUR, HOUR + 1, 5, 3 * HOUR)]
    write(connection, ops[:3])
    write(connection, ops[3:])
    assert table(connection, "hours") == [(0, 1, 8), (1, 3, 6), (3, 9, 10)]


async def test_a_move_alone_leaves_no_hour(connection):
    write(connection, [Hand().operation(move=Move("detect", 3, {"a": b"1"}))])
    assert table(connection, "hours") == []
    assert table(connection, "cursors") == [("detect", 3)]


async def test_cursor_rows_and_saved_state_are_one_transaction(connection):
    hand = Hand()
    write(connection, [hand.operation(record(1))])
    bad = hand.operation(EVENT, move=Move("detect", 1, {"a": b"1", "b": object()}))  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        write(connection, [hand.operation(Annotation("before it in the batch")), bad])
    assert not connection.in_transaction
    assert table(connection, "notes") == table(connection, "cursors") == table(connection, "saved") == []
    assert len(table(connection, "records")) == 1


async def test_saved_state_is_replaced_and_deleted_by_key(connection):
    hand = Hand()
    write(connection, [hand.operation(move=Move("detect", 1, {"a": b"1", "b": b"2"}))])
    write(connection, [hand.operation(move=Move("detect", 2, {"a": None, "b": b"3", "c": b""}))])
    assert table(connection, "saved") == [("detect", "b", b"3"), ("detect", "c", b"")]


async def test_of_two_moves_in_a_batch_the_later_holds(connection):
    hand = Hand()
    moves = [Move("detect", seq, {"a": str(seq).encode()}) for seq in (1, 2)]
    write(connection, [hand.operation(move=move) for move in moves])
    assert table(connection, "cursors") == [("detect", 2)]
    assert table(connection, "saved") == [("detect", "a", b"2")]


async def test_a_batch_whose_commit_was_in_doubt_can_be_written_again(connection):
    ops = [Hand().operation(record(1), EVENT, move=Move("detect", 1, {"a": b"1"}))]
    write(connection, ops)
    before = [table(connection, name) for name in ("records", "notes", "series", "facts", "hours", "cursors", "saved")]
    write(connection, ops)
    assert before == [
        table(connection, name) for name in ("records", "notes", "series", "facts", "hours", "cursors", "saved")
    ]


async def test_slots_that_were_told_of_are_forgotten_with_the_gap_row(connection):
    connection.execute("INSERT INTO shed VALUES (1, 'disk', 0, 9, 1, 0), (1, 'retention', 0, 9, 1, 0)")
    write(connection, [Hand().operation(Annotation("gap"), told=[(1, "disk")])])
    assert [line[:2] for line in table(connection, "shed")] == [(1, "retention")]


async def test_a_file_that_cannot_grow_takes_nothing_and_stays_usable(connection):
    hand = Hand()
    write(connection, [hand.operation(record(1))])
    connection.pragma("max_page_count", connection.pragma("page_count"))
    with pytest.raises(apsw.FullError):
        write(connection, [hand.operation(*[Annotation(token_hex(3000)) for _ in range(9)])])
    assert not connection.in_transaction
    connection.pragma("max_page_count", 1_000_000)
    write(connection, [hand.operation(record(2))])
    assert len(table(connection, "records")) == 2
    assert table(connection, "notes") == []
