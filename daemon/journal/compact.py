"""A record as few bytes: what repeats by number, what varies as 32-bit integers (whole microseconds)."""

import json
import struct
from collections.abc import Callable
from dataclasses import fields, replace
from itertools import islice
from operator import attrgetter
from typing import Any

from daemon.journal.intern import Interner
from daemon.journal.parts import Named, Odd, Page, Part, Setup, content_of, failure_of, keys, part_of
from daemon.rows import Row
from probes.record import Answer, Facts, Record, Series, TcpInfo, Timing

MICRO = 1_000_000
EPOCH = 1_577_836_800
"""Moments count from 2020 on disk: 31 bits of seconds then last until 2088."""

# On disk: flags, count, `count` integers, then what has no number as a JSON list.
_DUE_MICRO, _FIRST_BYTE, _LOOP_LAG, _BYTES_IN, _BYTES_OUT, _TCP, _WIDE, _INLINE = (1 << bit for bit in range(8))
_HEAD = 9
_PARTS = 4
_NARROW = tuple(struct.Struct(f"<BB{count}i") for count in range(256))
_BROAD = tuple(struct.Struct(f"<BB{count}q") for count in range(256))
_Parts = tuple[Setup, Named, Page, Odd]
_tcp_of = attrgetter(*(f.name for f in fields(TcpInfo)))
_TCP_FIELDS = len(fields(TcpInfo))


def pack(record: Record, at: int, seq: int, interner: Interner) -> tuple[bytes, bool]:
    """The bytes of a record, and whether it was in whole microseconds. Raises ValueError if it cannot be kept."""
    facts = record.facts
    setup, *others = keys(record)
    numbers = [interner.number_if_repeated(key, seq) for key in others]
    lasted = round(record.seconds * 1e6)
    exact = lasted / 1e6 == record.seconds
    due, micro = divmod(record.due, MICRO)
    stamp, stamp_micro = divmod(at, MICRO)
    ints = [interner.number(setup, seq), *numbers]
    ints += (due - EPOCH, stamp - EPOCH, stamp_micro, record.began - record.due, lasted)
    flags = 0
    if micro:
        flags = _DUE_MICRO
        ints.append(micro)
    for timing in record.timings:
        begin = round(timing.begin * 1e6)
        spent = round(timing.seconds * 1e6)
        exact = exact and begin / 1e6 == timing.begin and spent / 1e6 == timing.seconds
        ints += (begin, spent)
    for answer in facts.answers:
        arrival = round(answer.arrival * 1e6)
        exact = exact and arrival / 1e6 == answer.arrival
        ints += (arrival, 0 if answer.ttl is None else answer.ttl + 1)
    more, exact_facts = _pack_facts(facts, ints)
    flags |= more
    if all(numbers):
        return _bytes(flags, ints), exact and exact_facts
    inline = [content_of(key) for key, number in zip(others, numbers, strict=True) if not number]
    tail = json.dumps(inline, separators=(",", ":")).encode()
    return _bytes(flags | _INLINE, ints) + tail, exact and exact_facts


def _pack_facts(facts: Facts, ints: list[int]) -> tuple[int, bool]:
    """Append the facts that vary; gives their flags and whether they were in whole microseconds."""
    flags = 0
    exact = True
    if facts.first_byte is not None:
        flags |= _FIRST_BYTE
        ints.append(round(facts.first_byte * 1e6))
        exact = ints[-1] / 1e6 == facts.first_byte
    if facts.loop_lag is not None:
        flags |= _LOOP_LAG
        ints.append(round(facts.loop_lag * 1e6))
        exact = exact and ints[-1] / 1e6 == facts.loop_lag
    if facts.bytes_in is not None:
        flags |= _BYTES_IN
        ints.append(facts.bytes_in)
    if facts.bytes_out is not None:
        flags |= _BYTES_OUT
        ints.append(facts.bytes_out)
    if facts.tcp is not None:
        flags |= _TCP
        ints += _tcp_of(facts.tcp)
    return flags, exact


def _bytes(flags: int, ints: list[int]) -> bytes:
    count = len(ints)
    if count > 255:
        raise ValueError(f"a record of {count} figures is too long: it has too many timings or answers")
    try:
        return _NARROW[count].pack(flags, count, *ints)
    except struct.error:
        return _wide_bytes(flags, count, ints)


def _wide_bytes(flags: int, count: int, ints: list[int]) -> bytes:
    try:
        return _BROAD[count].pack(flags | _WIDE, count, *ints)
    except struct.error as fault:
        raise ValueError(f"a figure of the record does not fit in 64 bits, or is no whole number: {fault}") from fault


def _integers(body: bytes) -> tuple[int, tuple[int, ...], int]:
    """Flags, integers, and where they end."""
    packing = (_BROAD if body[0] & _WIDE else _NARROW)[body[1]]
    if len(body) < packing.size:
        raise ValueError("a record is shorter than it says")
    flags, _, *ints = packing.unpack_from(body)
    return flags, tuple(ints), packing.size


def due_and_setup(body: bytes) -> tuple[int, int]:
    """When a record was due (microseconds) and the number of its set-up, without decoding the rest."""
    flags, ints, _ = _integers(body)
    return (ints[_PARTS] + EPOCH) * MICRO + (ints[_HEAD] if flags & _DUE_MICRO else 0), ints[0]


def references(body: bytes) -> tuple[int, ...]:
    """The numbers of stored content that a record refers to; 0 where it carries the content itself."""
    return _integers(body)[1][:_PARTS]


def unpack(seq: int, series: Series, body: bytes, part: Callable[[int], Part]) -> Row:
    """The row of a record; `part` gives stored content by number. Raises ValueError if the bytes are no record."""
    flags, ints, end = _integers(body)
    inline = iter(json.loads(body[end:]) if flags & _INLINE else ())
    found = [part(number) if number else part_of(next(inline)) for number in ints[:_PARTS]]
    match found:
        case [Setup() as setup, Named() as named, Page() as page, Odd() as odd]:
            return _row(seq, series, (flags, ints), (setup, named, page, odd))
        case _:
            raise ValueError(f"row {seq} refers to content of another part")


def _row(seq: int, series: Series, packed: tuple[int, tuple[int, ...]], parts: _Parts) -> Row:
    flags, ints = packed
    setup, _, _, odd = parts
    due, stamp, stamp_micro, began_after, lasted = ints[_PARTS:_HEAD]
    rest = islice(ints, _HEAD, None)
    due = (due + EPOCH) * MICRO + (next(rest) if flags & _DUE_MICRO else 0)
    timings = tuple([Timing(phase, next(rest) / 1e6, next(rest) / 1e6) for phase in setup.phases])
    facts = _facts(flags, rest, parts)
    failure = failure_of(setup, odd)
    began = due + began_after
    purpose, attempt, agent, config, version = setup.run
    seconds = lasted / 1e6
    record = Record(
        series, due, began, seconds, timings, failure, facts, purpose, odd.of, attempt, agent, config, version
    )
    return Row(seq, (stamp + EPOCH) * MICRO + stamp_micro, record)


def _facts(flags: int, rest: "islice[int]", parts: _Parts) -> Facts:
    setup, named, page, odd = parts
    answers = tuple([_answer(next(rest), next(rest), said) for said in named.said])
    first_byte = next(rest) / 1e6 if flags & _FIRST_BYTE else None
    loop_lag = next(rest) / 1e6 if flags & _LOOP_LAG else None
    bytes_in = next(rest) if flags & _BYTES_IN else None
    bytes_out = next(rest) if flags & _BYTES_OUT else None
    return Facts(
        answers=answers,
        first_byte=first_byte,
        loop_lag=loop_lag,
        bytes_in=bytes_in,
        bytes_out=bytes_out,
        tcp=_tcp(list(rest)) if flags & _TCP else None,
        extra=dict(odd.extra),
        **setup.facts,
        **named.facts,
        **page.facts,
        **odd.facts,
    )


def _answer(arrival: int, ttl: int, said: dict[str, Any]) -> Answer:
    return Answer(arrival=arrival / 1e6, ttl=ttl - 1 if ttl else None, **said)


def _tcp(ints: list[int]) -> TcpInfo:
    # TCP_INFO stands last, so that a row written before a field was added is merely shorter.
    return TcpInfo(*ints, *([0] * (_TCP_FIELDS - len(ints))))


def rounded(record: Record) -> Record:
    """The record as the journal keeps it: every span in whole microseconds."""
    facts = record.facts
    return replace(
        record,
        seconds=_round(record.seconds),
        timings=tuple(Timing(t.phase, _round(t.begin), _round(t.seconds)) for t in record.timings),
        facts=replace(
            facts,
            answers=tuple(replace(answer, arrival=_round(answer.arrival)) for answer in facts.answers),
            first_byte=None if facts.first_byte is None else _round(facts.first_byte),
            loop_lag=None if facts.loop_lag is None else _round(facts.loop_lag),
        ),
    )


def _round(seconds: float) -> float:
    return round(seconds * 1e6) / 1e6
