"""The same detection over old rows, as fast as it goes: from journals, full exports, or bare plan and record lines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import zip_longest
from pathlib import Path

from daemon.derived import with_heartbeats
from daemon.detect.step import Detection, step
from daemon.journal.reader import open_reader
from daemon.lines import is_journal, read_lines
from daemon.rows import Body, Change, Event, PlanRow, Rollup, Row, State
from daemon.wire import event_line

CONCLUSIONS = (Change, Event, State, Rollup)
"""What followers conclude: passed over in what is read; all but rollups is made anew."""


def read(path: Path) -> Iterator[Row]:
    """Rows of a journal or of JSON lines; `-` is standard input. Raises WireError, JournalRefused, OSError."""
    if not is_journal(path):
        yield from read_lines(path)
        return
    with open_reader(path) as reader:
        yield from reader.rows()


def sources(paths: Sequence[Path]) -> Iterator[Row]:
    """Rows of one file in its order; of several, merged by their stamps with each file's own order kept."""
    if len(paths) == 1:
        return read(paths[0])
    merged = merge(*map(read, paths), key=lambda row: row.at)
    return (replace(row, seq=number) for number, row in enumerate(merged, 1))


def planned(rows: Iterable[Row], plan: PlanRow | None) -> Iterator[Row]:
    """Put a plan before rows that do not begin with one: records alone do not say which service is domestic."""
    stream = iter(rows)
    first = next(stream, None)
    if first is None:
        return
    if plan is not None and not isinstance(first.body, PlanRow):
        yield Row(0, first.at, plan)
    yield first
    yield from stream


def conclusions(rows: Iterable[Row]) -> Iterator[Body]:
    """What detection concludes from rows: changes, event revisions and states, in the order in which it does."""
    state = Detection()
    for row in with_heartbeats(row for row in rows if not isinstance(row.body, CONCLUSIONS)):
        yield from step(state, row)


@dataclass(slots=True)
class Tally:
    """What went by."""

    rows: int = 0
    plans: int = 0
    events: list[Event] = field(default_factory=list)
    """Revisions that the rows held already."""


def counted(rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
    """Pass rows through and keep count of them."""
    for row in rows:
        tally.rows += 1
        if isinstance(row.body, Event):
            tally.events.append(row.body)
        elif isinstance(row.body, PlanRow):
            tally.plans += 1
        yield row


def difference(found: Sequence[Event], made: Sequence[Event]) -> str | None:
    """Where revisions made anew first differ, byte by byte, from those in the journal; None where they are equal."""
    for number, (old, new) in enumerate(zip_longest(found, made), 1):
        before = "nothing" if old is None else event_line(old)
        after = "nothing" if new is None else event_line(new)
        if before != after:
            return f"revision {number} of {len(found)}:\n  in the journal {before}\n  made anew      {after}"
    return None
