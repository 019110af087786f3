"""`reachd export`: records (or every row) of a journal as JSON lines or CSV, to stdout or whole into a file."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from daemon.commands.terminal import complain, quietly, watched
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.journal.reader import Reader, open_reader
from daemon.period import Period, period
from daemon.rows import Row
from daemon.spreadsheet import write_csv
from daemon.wire import line_of
from probes.clock import Clock, SystemClock
from probes.record import Record

LATER = ("parquet", "ooni")
FORMATS = ("jsonl", "csv")


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a journal is wanted; None is everything."""

    since: str | None = None
    until: str | None = None
    service: str | None = None
    vantage: str | None = None
    all_rows: bool = False
    """Every row and not only plans and records: a full export, of which a replay gives byte-equal events."""


def export(journal: Path, *, format: str = "jsonl", output: Path | None = None, choice: Choice = Choice()) -> int:  # noqa: A002  the option's name
    """Write what was chosen; 0, or 2 for a format, time or file that cannot be."""
    if format in LATER:
        return complain(f"--format {format} comes later; now there are {' and '.join(FORMATS)}")
    if format not in FORMATS:
        return complain(f"--format {format}: choose one of {', '.join(FORMATS)}")
    if format == "csv" and choice.all_rows:
        return complain("--all-rows needs --format jsonl: a CSV file has one form of line, the record's")
    return quietly(lambda: _export(journal, format, output, choice, SystemClock()))


def _export(journal: Path, form: str, output: Path | None, choice: Choice, clock: Clock) -> int:
    try:
        when = period(choice.since, choice.until, clock.wall())
        with open_reader(journal) as reader, _target(output) as file:
            write(watched(chosen(reader, when, choice), "rows"), form, file)
    except UNREADABLE as fault:
        return unreadable(fault, journal)
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as fault:
        return complain(fault)
    return 0


def chosen(reader: Reader, when: Period, choice: Choice) -> Iterator[Row]:
    """The rows of a period by their stamps, after the plan that held when it began: without one they say little."""
    if when.since is not None:
        yield from _plan_before(reader, when.since)
    kinds = None if choice.all_rows else {"plan", "record"}
    for row in reader.rows(kinds=kinds, since=when.since, before=when.until):
        if _wanted(row, choice):
            yield row


def _plan_before(reader: Reader, moment: int) -> list[Row]:
    plan = None
    for plan in reader.rows(kinds={"plan"}, before=moment):  # noqa: B007  the last is wanted; plans are few
        pass
    return [] if plan is None else [plan]


def _wanted(row: Row, choice: Choice) -> bool:
    """Whether a row is of the service and the vantage asked for; rows that are of none are kept."""
    body = row.body
    about = body.series if isinstance(body, Record) else getattr(body, "series", body)
    service = getattr(about, "service", choice.service)
    vantage = getattr(about, "vantage", choice.vantage)
    of_all = service is None  # a wide event
    return (of_all or choice.service in {None, service}) and choice.vantage in {None, vantage}


def write(rows: Iterable[Row], form: str, file: TextIO) -> None:
    """Write rows in a format."""
    if form == "csv":
        write_csv(rows, file)
    else:
        file.writelines(f"{line_of(row)}\n" for row in rows)


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only when it is whole."""
    if output is None:
        yield sys.stdout
        return
    partial = output.with_name(f"{output.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
