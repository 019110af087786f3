"""`reachd replay`: the events that the same detection finds in old records."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.text import Text

from config.faults import ConfigError
from daemon.commands.events import COLOURS, cells
from daemon.commands.terminal import complain, err, out, quietly, watched, write_lines
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.moments import SECOND, text_of
from daemon.planned import plan_row, prepare
from daemon.replay import Tally, conclusions, counted, difference, planned, sources
from daemon.rows import Event, PlanRow, Row
from daemon.wire import event_line
from daemon.wire_in import WireError


def replay(files: list[Path], config: Path | None = None, *, json: bool = False, check: bool = False) -> int:
    """Print the event revisions found in journals and JSON lines; with `check` 1 if they differ from those in them.

    `config` gives the plan to records that come without one.
    """
    try:
        plan = None if config is None else plan_row(prepare(config))
    except ConfigError as faults:
        err().print(str(faults), soft_wrap=True)
        return 2
    return quietly(lambda: _replay(files, plan, json=json, check=check))


def _replay(files: list[Path], plan: PlanRow | None, *, json: bool, check: bool) -> int:
    tally, new = Tally(), list[Event]()
    try:
        found = _revisions(planned(sources(files), plan), tally, new)
        if json:
            write_lines(map(event_line, found))
        else:
            console = out()
            for event in found:
                console.print(told(event), soft_wrap=True)
    except UNREADABLE as fault:
        return unreadable(fault, files[0])
    except BrokenPipeError:
        raise
    except (WireError, OSError) as fault:
        return complain(fault)
    if check:
        return _compared(tally.events, new)
    err().print(_summary(tally, new))
    return 0


def _summary(tally: Tally, new: list[Event]) -> str:
    events = len({event.id for event in new})
    said = f"{tally.rows:,} rows: {_many(events, 'event')} in {_many(len(new), 'revision')}"
    if tally.rows and not tally.plans:
        return f"{said}; there is no plan among the rows, without which nothing can be concluded: give --config"
    return said


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _revisions(rows: Iterable[Row], tally: Tally, new: list[Event]) -> Iterator[Event]:
    for body in conclusions(watched(counted(rows, tally), "rows")):
        if isinstance(body, Event):
            new.append(body)
            yield body


def _compared(old: list[Event], new: list[Event]) -> int:
    differs = difference(old, new)
    if differs is not None:
        return complain(f"the events made anew differ from those written then, {differs}", code=1)
    err().print(f"{_many(len(new), 'revision')} of events, equal to those in the journal")
    return 0


def told(event: Event) -> Text:
    """One revision as one line for people."""
    kind, service, where, since, lasts, mechanism, sure, summary = cells(event)
    at = text_of(event.at // SECOND * SECOND).replace("T", " ").removesuffix("Z")
    parts = f"{at} {event.state:9} {kind} {service} {where} since {since} ({lasts}) {mechanism} {sure}  {summary}"
    return Text(parts, style=COLOURS.get(event.state, ""))
