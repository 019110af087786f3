"""Rows to bytes and back, whatever their kind; knows no SQLite."""

import zlib
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from daemon.journal.compact import pack, rounded, unpack
from daemon.journal.intern import Interner
from daemon.journal.parts import Part
from daemon.journal.rollups import pack as pack_rollup
from daemon.journal.rollups import unpack as unpack_rollup
from daemon.rows import (
    Annotation,
    Body,
    Change,
    ClockStep,
    Delivery,
    Event,
    Gap,
    Health,
    Heartbeat,
    PlanRow,
    Rollup,
    Row,
    State,
)
from probes.record import Record, Series

CODES: dict[type, int] = {
    PlanRow: 1,
    Heartbeat: 2,
    ClockStep: 3,
    Gap: 4,
    Change: 5,
    Event: 6,
    State: 7,
    Health: 8,
    Annotation: 9,
    Rollup: 10,
    Delivery: 11,
}
"""The number of each kind on disk, never changed and never used again; a record has a table of its own."""
HOURLY = 12
"""The number of a rollup of an hour: those are kept for ever, and deleting by age goes by the number."""

_ADAPTERS: dict[int, TypeAdapter[Any]] = {code: TypeAdapter(kind) for kind, code in CODES.items()}
_DEFLATE_FROM = 300
"""Bytes from which JSON is deflated: plans and health shrink to a tenth and a half."""
_ZLIB = b"\x78"
"""First byte of a zlib stream; JSON text starts with a brace."""

RecordCell = tuple[int, int, bytes]
"""Row number, series, body: a line of the table of records."""
NoteCell = tuple[int, int, int, bytes]
"""Row number, kind, stamp, body: a line of the table of all other rows."""


def encode(seq: int, at: int, body: Body, interner: Interner) -> tuple[Row, RecordCell | NoteCell]:
    """A row as followers get it (whole microseconds) and as the disk does. Raises ValueError if it cannot be kept."""
    if isinstance(body, Rollup):
        packed = pack_rollup(body, interner.series(body.series))
        return Row(seq, at, body), (seq, HOURLY if body.width == 3600 else CODES[Rollup], at, packed)
    if not isinstance(body, Record):
        return Row(seq, at, body), (seq, CODES[type(body)], at, encode_note(body))
    series = interner.series(body.series)
    packed, exact = pack(body, at, seq, interner)
    return Row(seq, at, body if exact else rounded(body)), (seq, series, packed)


def decode_record(cell: RecordCell, series: Callable[[int], Series], part: Callable[[int], Part]) -> Row:
    """The row that a record was. Raises ValueError if the bytes are none."""
    try:
        return unpack(cell[0], series(cell[1]), cell[2], part)
    except (LookupError, StopIteration, TypeError, OverflowError) as fault:
        raise ValueError(f"row {cell[0]} cannot be read: {fault!r}") from fault


def _unknown(number: int) -> Series:
    raise ValueError(f"series {number} is not known")


def decode_note(cell: NoteCell, series: Callable[[int], Series] = _unknown) -> Row:
    """The row that was no record; `series` gives a rollup's by number. Raises ValueError if the bytes are none."""
    seq, code, at, body = cell
    if code in {CODES[Rollup], HOURLY}:
        return Row(seq, at, unpack_rollup(body, series))
    adapter = _ADAPTERS.get(code)
    if adapter is None:
        raise ValueError(f"row {seq} is of kind {code}, which this version does not know")
    try:
        text = zlib.decompress(body) if body[:1] == _ZLIB else body
    except zlib.error as fault:
        raise ValueError(f"row {seq} cannot be inflated: {fault}") from fault
    return Row(seq, at, adapter.validate_json(text))


def encode_note(body: Body) -> bytes:
    """A row that is no record, as JSON, deflated when long."""
    text = _ADAPTERS[CODES[type(body)]].dump_json(body, warnings=False)
    return text if len(text) < _DEFLATE_FROM else zlib.compress(text, 6)
