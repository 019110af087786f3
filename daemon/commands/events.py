"""`reachd events`: what was disrupted, from the journal of a running or stopped daemon."""

from collections.abc import Iterable
from pathlib import Path

from rich.table import Table

from daemon.commands.terminal import out, printable, quietly, write_lines
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.journal.reader import open_reader
from daemon.moments import SECOND, text_of
from daemon.rows import Event
from daemon.wire import event_line

COLOURS = {"suspected": "yellow", "confirmed": "bold red", "standing": "red", "ended": "green"}


def events(journal: Path, *, json: bool = False, latest: bool = False) -> int:
    """Show the last revision of each event as a table, or with `json` every revision (`latest`: the last of each)."""
    return quietly(lambda: _events(journal, json=json, latest=latest))


def _events(journal: Path, *, json: bool, latest: bool) -> int:
    try:
        with open_reader(journal) as reader:
            revisions = [row.body for row in reader.rows(kinds={"event"}) if isinstance(row.body, Event)]
    except UNREADABLE as fault:
        return unreadable(fault, journal)
    if json:
        write_lines(map(event_line, last_of_each(revisions) if latest else revisions))
        return 0
    if not revisions:
        out().print(f"no events in {journal}")
        return 0
    out().print(table(last_of_each(revisions)))
    return 0


def last_of_each(revisions: Iterable[Event]) -> list[Event]:
    """The last revision of each event, in the order in which the events were first heard of."""
    return list({event.id: event for event in revisions}.values())


def table(revisions: Iterable[Event]) -> Table:
    """Events for people, those that go on last, where the eye is when a table has scrolled by."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("state", "kind", "service", "where", "since (UTC)", "lasts", "mechanism", "sure", "summary"):
        made.add_column(heading, overflow="fold")
    for event in sorted(revisions, key=lambda event: (event.ended is None, event.onset)):
        made.add_row(event.state, *cells(event), style=COLOURS.get(event.state))
    return made


def cells(event: Event) -> tuple[str, ...]:
    """The cells of one event after its state."""
    return (
        event.kind,
        printable(event.service or "all"),
        where(event),
        text_of(event.onset[1] // SECOND * SECOND).replace("T", " ").removesuffix("Z"),
        lasts(event),
        event.mechanism,
        f"{event.confidence:.2f}",
        printable(event.summary),
    )


def where(event: Event) -> str:
    """Countries and the vantages that saw it."""
    scope = event.scope
    return printable(" ".join((*scope.countries, f"({', '.join(scope.vantages)})" if scope.vantages else "")).strip())


def lasts(event: Event) -> str:
    """How long it went on, from the latest onset to its end, or until the last that was heard of it."""
    if event.ended is None:
        return f"{duration(event.at - event.onset[1])} so far"
    return duration(event.ended - event.onset[1])


def duration(micros: int) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(0, micros) // SECOND
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7_200:
        return f"{seconds // 60} min"
    if seconds < 172_800:
        return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3_600} h"
