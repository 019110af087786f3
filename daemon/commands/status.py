"""`reachd status`: how the daemon does, by its own word if it runs, and by its journal in any case."""

from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from daemon.commands.events import duration, last_of_each, table
from daemon.commands.running import Reply
from daemon.commands.terminal import out, printable, quietly, write_lines
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.journal.reader import Reader, open_reader
from daemon.moments import SECOND, text_of
from daemon.orders import NoAnswer, ask, socket_of
from daemon.rows import Event, Heartbeat, PlanRow, Row
from daemon.wire import object_of
from probes.clock import Clock, SystemClock

PATIENCE = 3.0
"""Seconds for the daemon's own word; the journal says the rest."""
BEATS = 200
"""Newest heartbeats looked at: the last of each vantage is among them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a journal tells of the daemon that writes or wrote it; times in microseconds, sizes in bytes."""

    last: int
    """Number of the last row."""
    at: int | None
    """Its stamp, where it is a record or a heartbeat."""
    plan: Row | None
    beats: Mapping[str, Row]
    """Vantage to its last heartbeat."""
    open: tuple[Event, ...]
    behind: Mapping[str, int]
    """Follower to the rows that it has not taken."""
    size: int


def status(journal: Path, *, json: bool = False) -> int:
    """Show how it goes; 0 whether or not a daemon runs, 2 where there is no journal either."""
    return quietly(lambda: _status(journal, json=json, clock=SystemClock()))


def _status(journal: Path, *, json: bool, clock: Clock) -> int:
    reply, silence = None, ""
    try:
        reply = ask(socket_of(journal), {"command": "status"}, PATIENCE)
    except NoAnswer as silent:
        silence = str(silent)
    try:
        with open_reader(journal) as reader:
            seen = look(reader)
    except UNREADABLE as fault:
        return unreadable(fault, journal)
    if json:
        write_lines([dumps(for_programs(journal, seen, reply), ensure_ascii=False)])
    else:
        show(out(), seen, reply, silence, clock.wall())
    return 0


def look(reader: Reader) -> Seen:
    """Read what a status needs."""
    last = reader.last()
    beats = {
        row.body.vantage: row for row in reader.newest("heartbeat", BEATS)[::-1] if isinstance(row.body, Heartbeat)
    }
    events = last_of_each(row.body for row in reader.rows(kinds={"event"}) if isinstance(row.body, Event))
    newest = [*reader.newest("record", 1), *reader.newest("heartbeat", 1)]
    sizes = reader.sizes()
    return Seen(
        last=last,
        at=max((row.at for row in newest), default=None),
        plan=next(iter(reader.newest("plan", 1)), None),
        beats=beats,
        open=tuple(event for event in events if event.ended is None),
        behind={name: max(0, last - cursor) for name, cursor in reader.cursors().items()},
        size=sizes.file + sizes.log,
    )


def for_programs(journal: Path, seen: Seen, reply: Reply | None) -> dict[str, Any]:
    """One object: `daemon` is its own answer, null where none runs."""
    return {
        "running": reply is not None,
        "daemon": reply,
        "journal": {
            "path": str(journal),
            "last": seen.last,
            "at": None if seen.at is None else text_of(seen.at),
            "bytes": seen.size,
            "behind": dict(seen.behind),
            "heartbeats": {name: object_of(row.body, row.at) for name, row in seen.beats.items()},
            "open_events": [object_of(event, event.at) for event in seen.open],
        },
    }


def show(console: Console, seen: Seen, reply: Reply | None, silence: str, now: int) -> None:
    """Tell a person."""
    if reply is None:
        console.print(f"not running: {silence}. The journal says:", style="yellow", soft_wrap=True)
    else:
        console.print(_running(reply), style="green", soft_wrap=True)
    console.print(_journal(seen, now), soft_wrap=True)
    console.print(vantages(seen, now))
    console.print(followers(seen, reply))
    if seen.open:
        console.print(table(seen.open))
    else:
        console.print("no open events")


def _running(reply: Reply) -> str:
    uptime = duration(round(float(reply.get("uptime", 0.0)) * SECOND))
    counts = ", ".join(f"{number:,} {word}" for word, number in reply.get("counts", {}).items())
    return f"{reply.get('state')} for {uptime}: {reply.get('series')} series; since the start {counts or 'nothing yet'}"


def _journal(seen: Seen, now: int) -> str:
    ago = "empty" if seen.at is None else f"last measured {duration(now - seen.at)} ago"
    plan = seen.plan.body if seen.plan else None
    planned = f", {len(plan.assignments)} series planned" if isinstance(plan, PlanRow) else ""
    return f"journal: {seen.last:,} rows, {seen.size / 1e6:,.1f} MB, {ago}{planned}"


def vantages(seen: Seen, now: int) -> Table:
    """Each vantage of the plan: where it is, and its last sign of life."""
    made = _table("vantage", "country", "asn", "last seen", "controls", "families")
    plan = seen.plan.body if seen.plan else None
    for name, place in (plan.vantages if isinstance(plan, PlanRow) else {}).items():
        row = seen.beats.get(name)
        beat = row.body if row else None
        life = (f"{duration(now - row.at)} ago" if row else "never", *_life(beat))
        made.add_row(printable(name), place.country, str(place.asn or ""), *life)
    return made


def _life(beat: object) -> tuple[str, str]:
    if not isinstance(beat, Heartbeat):
        return "", ""
    return {True: "answer", False: "fail", None: "none yet"}[beat.control], " ".join(beat.families)


def followers(seen: Seen, reply: Reply | None) -> Table:
    """Each follower: how far behind it is, and what keeps it."""
    made = _table("follower", "rows behind", "what keeps it")
    known = reply.get("followers", {}) if reply else {}
    for name in sorted({*seen.behind, *known}):
        told = known.get(name, {})
        keeps = str(told.get("holding") or told.get("error") or "")
        behind = f"{told.get('behind', seen.behind.get(name, 0)):,}"
        made.add_row(name, behind, printable(keeps), style="red" if told.get("alarm") else None)
    return made


def _table(*headings: str) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made
