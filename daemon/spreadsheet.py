"""Records as CSV, for people with spreadsheets: one line a record, its nested parts laid flat in documented columns."""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TextIO

from daemon.moments import text_of
from daemon.rows import Row
from probes.record import Answer, Facts, Kind, Phase, Record, Series, TcpInfo, series_parts

Cell = str | int | float | None
Column = tuple[str, str, Callable[[Row, Record], Cell]]
"""Name, meaning, and where its value comes from."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs a text that begins with one of these as a formula, and servers write some of our texts."""


def write_csv(rows: Iterable[Row], file: TextIO) -> None:
    """Write the records among the rows, with a header. RFC 4180: commas, CRLF, quotes where needed."""
    writer = csv.writer(file)
    writer.writerow([name for name, _meaning, _value in COLUMNS])
    for row in rows:
        if isinstance(row.body, Record):
            writer.writerow(cells(row, row.body))


def cells(row: Row, record: Record) -> list[Cell]:
    """The cells of one record in the order of COLUMNS; what is absent is empty."""
    return [_harmless(value(row, record)) for _name, _meaning, value in COLUMNS]


def _harmless(value: Cell) -> Cell:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _result(_row: Row, record: Record) -> Cell:
    if record.failure is None:
        return "ok"
    return "local" if record.failure.kind is Kind.LOCAL else "failed"


def _failure(name: str, meaning: str) -> Column:
    def failed(_row: Row, record: Record) -> Cell:
        return None if record.failure is None else str(getattr(record.failure, name))

    return name, meaning, failed


def _phase(phase: Phase) -> Column:
    def spent(_row: Row, record: Record) -> Cell:
        spans = [timing.seconds for timing in record.timings if timing.phase is phase]
        return round(sum(spans), 6) if spans else None

    return f"{phase}_seconds", f"Seconds spent in phase {phase}; empty where it did not run.", spent


def _series(place: int, name: str) -> Column:
    return name, f"The {name} of the series.", lambda _row, record: series_parts(record.series)[place]


def _fact(name: str) -> Column:
    def seen(_row: Row, record: Record) -> Cell:
        value: Cell = getattr(record.facts, name)
        return value

    return name, "The fact of that name.", seen


def _tcp(name: str) -> Column:
    def seen(_row: Row, record: Record) -> Cell:
        return None if record.facts.tcp is None else getattr(record.facts.tcp, name)

    return f"tcp_{name}", "The kernel's account of the connection (TCP_INFO); times in microseconds.", seen


def _answer(answer: Answer) -> str:
    return " ".join((f"{answer.arrival:.6f}", answer.rcode, *answer.addresses, *answer.data))


def _extra(_row: Row, record: Record) -> Cell:
    return json.dumps(record.facts.extra, ensure_ascii=False) if record.facts.extra else None


NESTED = {"addresses", "answers", "tcp", "diagnosis", "extra"}
FLAT = [field.name for field in fields(Facts) if field.name not in NESTED]

COLUMNS: list[Column] = [
    ("at", "When the journal took the record (RFC 3339, UTC).", lambda row, _record: text_of(row.at)),
    ("id", "The record's name.", lambda _row, record: record.id),
    ("due", "When its slot was due.", lambda _row, record: text_of(record.due)),
    ("began", "When the run began.", lambda _row, record: text_of(record.began)),
    ("seconds", "How long it took.", lambda _row, record: record.seconds),
    ("purpose", "slot, confirm, diagnose or manual; only slot is a measurement.", lambda _row, record: record.purpose),
    ("of", "The record that evidence looks into.", lambda _row, record: record.of),
    ("attempt", "1, or the number of the repeat.", lambda _row, record: record.attempt),
    ("agent", "The agent that measured; empty for this daemon.", lambda _row, record: record.agent),
    ("config", "Hash of the probe's options.", lambda _row, record: record.config),
    ("version", "Probe type and its version.", lambda _row, record: record.version),
    *(_series(place, f.name) for place, f in enumerate(fields(Series))),
    ("result", "ok, failed, or local (a fault of our own, which says nothing of the target).", _result),
    _failure("phase", "The phase that failed."),
    _failure("kind", "How it failed."),
    _failure("detail", "What went wrong, for people."),
    *map(_phase, Phase),
    *map(_fact, FLAT),
    (
        "addresses",
        "All addresses of the name, by spaces.",
        lambda _row, record: " ".join(record.facts.addresses) or None,
    ),
    (
        "answers",
        "DNS replies, by `; `: arrival in seconds, rcode, addresses.",
        lambda _row, record: "; ".join(map(_answer, record.facts.answers)) or None,
    ),
    *(_tcp(field.name) for field in fields(TcpInfo)),
    (
        "diagnosis",
        "What a closer look found, in a word.",
        lambda _row, record: str(record.facts.diagnosis.finding) if record.facts.diagnosis else None,
    ),
    ("extra", "Other facts, as a JSON object.", _extra),
]
