"""`reachd tail`: the records as they come, read beside the daemon."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.text import Text

from daemon.commands.terminal import out, printable, quietly, write_lines
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.journal.reader import Reader, open_reader
from daemon.moments import SECOND, text_of
from daemon.rows import Row
from daemon.wire import line_of
from probes.record import Kind, Purpose, Record

POLL = 0.5
"""Seconds between two looks; the daemon commits every 50 ms."""
BATCH = 1_000
FIRST = 10
"""Records shown of what was there before."""


def tail(journal: Path, *, json: bool = False, wait: Callable[[], bool] | None = None) -> int:
    """Print the last records and then each new one until Ctrl-C; `wait` pauses and says whether to look again."""
    return quietly(lambda: _tail(journal, json=json, wait=wait or _pause))


def _pause() -> bool:
    time.sleep(POLL)
    return True


def _tail(journal: Path, *, json: bool, wait: Callable[[], bool]) -> int:
    try:
        with open_reader(journal) as reader:
            rows = follow(reader, wait)
            if json:
                write_lines(map(line_of, rows))
            else:
                console = out()
                for row in rows:
                    console.print(shown(row), soft_wrap=True)
    except UNREADABLE as fault:
        return unreadable(fault, journal)
    return 0


def follow(reader: Reader, wait: Callable[[], bool]) -> Iterator[Row]:
    """Records in order: some of the past, then what is added, until `wait` says no."""
    before = reader.newest("record", FIRST)[::-1]
    yield from before
    after = before[-1].seq if before else 0
    while True:
        rows = reader.batch(after, BATCH, kinds={"record"})
        yield from rows
        if rows:
            after = rows[-1].seq
        elif not wait():
            return


def shown(row: Row) -> Text:
    """One record as one line for people, coloured by its result."""
    record = row.body
    if not isinstance(record, Record):
        return Text()
    series = record.series
    what = f"{series.service} {series.role} {series.endpoint} {series.probe} {series.vantage} {series.family}"
    text = f"{text_of(record.began // SECOND * SECOND)[11:19]} {_result(record):7} {printable(what)}  {_spent(record)}"
    return Text(f"{text}{_remarks(record)}", style=_colour(record))


def _result(record: Record) -> str:
    if record.failure is None:
        return "ok"
    return "local" if record.failure.kind is Kind.LOCAL else "FAILED"


def _colour(record: Record) -> str:
    return {"ok": "green", "local": "yellow", "FAILED": "red"}[_result(record)]


def _spent(record: Record) -> str:
    """Milliseconds of each phase."""
    return " ".join(f"{timing.phase} {timing.seconds * 1e3:.0f}" for timing in record.timings) + " ms"


def _remarks(record: Record) -> str:
    failure = record.failure
    said = "" if failure is None else f"  {failure.phase}: {failure.kind} {printable(failure.detail)}".rstrip()
    return said if record.purpose is Purpose.SLOT else f"{said}  ({record.purpose})"
