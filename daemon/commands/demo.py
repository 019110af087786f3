"""`reachd demo`: the block of February 2026 on loopback, with the daemon unchanged and the real clock."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon import app, log
from daemon.commands.terminal import complain, out, printable, write_lines
from daemon.demo import story
from daemon.demo.narrator import Narrator
from daemon.moments import text_of
from daemon.planned import prepare
from daemon.rows import Change, Event
from daemon.wire import event_line
from probes.clock import Clock, SystemClock

INTRODUCTION = f"""\
The block of WhatsApp in Russia, 11-12 February 2026, played on this machine's loopback in {story.LENGTH:.0f} seconds.
Two places, moscow (RU) and amsterdam (NL), measure WhatsApp, MAX and a control every second. The servers are ours and
lie when the story says so; the daemon is the one that `reachd run` starts, and knows nothing of the story.
"""
SETTLE = 15.0
"""Seconds after the story for the last conclusions."""


class Stopped(Exception):  # noqa: N818  no fault
    """A signal ended the demonstration before its end."""


def demo(*, json: bool) -> int:
    """Play it; 0 if exactly one event came out and is over, 1 if not, 130 if it was stopped before its end."""
    log.set_up("text", log.QUIET)
    try:
        events = asyncio.run(play(SystemClock(), json=json))
    except (KeyboardInterrupt, Stopped):
        return 130
    except OSError as fault:
        return complain(f"the servers of the demonstration need addresses of 127.0.0.0/8: {fault.strerror or fault}")
    ids = {event.id for event in events}
    if len(ids) == 1 and events[-1].ended is not None:
        return 0
    return complain(f"expected one event that is over, saw {len(ids)}: is this machine very busy?", 1)


async def play(clock: Clock, *, json: bool) -> list[Event]:
    """Set the stage in a temporary folder, run daemon and story side by side; returns all revisions.

    Raises Stopped if a signal stopped the daemon, OSError if the servers cannot listen.
    """
    narrator = Narrator(_line) if json else Narrator(_tell_event, _tell_change)
    stop = asyncio.Event()
    with TemporaryDirectory(prefix="reachd-demo-") as folder, ExitStack() as closing:
        stage = await story.set_stage(Path(folder), clock.wall(), closing)
        now = prepare(stage.config)
        async with asyncio.TaskGroup() as group:
            telling = group.create_task(_tell(stage, narrator, json=json))
            telling.add_done_callback(lambda _told: stop.set())
            await app.serve(stage.config, now, clock, [narrator], stop)
            telling.cancel()  # nothing to do at its end, but a signal comes before
    await asyncio.sleep(0)  # transports close in the loop's next turn
    if telling.cancelled():
        raise Stopped
    if not json:
        out().print(_ending(narrator.events))
    return narrator.events


async def _tell(stage: story.Stage, narrator: Narrator, *, json: bool) -> None:
    """The story, and what is concluded after it."""
    if not json:
        out().print(f"{INTRODUCTION}\nWhile it plays, the page is at {stage.page}")
    await story.play(stage, (lambda _told: None) if json else _tell_act)
    await _settle(narrator)


async def _settle(narrator: Narrator) -> None:
    """Wait until the event is over, not longer than it takes."""
    end = asyncio.get_running_loop().time() + SETTLE
    while asyncio.get_running_loop().time() < end:
        if narrator.events and narrator.events[-1].ended is not None:
            return
        await asyncio.sleep(0.2)


def _line(event: Event) -> None:
    write_lines([event_line(event)])


def _tell_act(told: str) -> None:
    out().print(f"\n== {told}", style="bold")


def _tell_change(change: Change) -> None:
    series = change.series
    how = f" ({change.phase}: {change.kind})" if change.direction == "down" else ""
    out().print(
        f"   {series.vantage}: {series.role} {series.probe} {series.endpoint} is {change.direction}{how}", style="dim"
    )


def _tell_event(event: Event) -> None:
    style = {"suspected": "yellow", "confirmed": "bold red", "ended": "green"}.get(event.state)
    out().print(f"   event {event.id}, revision {event.revision}: {event.state} {event.kind}", style=style)
    out().print(f"   {printable(event.summary)}", style=style, soft_wrap=True)


def _ending(events: list[Event]) -> str:
    if not events:
        return "\nNo event: that is wrong."
    last = events[-1]
    begin, end = (text_of(moment) for moment in last.onset)
    mechanisms = ", ".join(f"{role} {mechanism}" for role, mechanism in last.mechanisms.items())
    return (
        f"\nWhat a researcher has now: {len({event.id for event in events})} event in {len(events)} revisions.\n"
        f"  kind        {last.kind}, at {', '.join(last.scope.vantages)}; nothing at the other place\n"
        f"  onset       between {begin} and {end}\n"
        f"  ended       {text_of(last.ended) if last.ended else 'not yet'}\n"
        f"  mechanisms  {mechanisms}\n"
        f"  against it  {last.against or 'nothing'}\n"
        f"  comparators {', '.join(f'{name} {word}' for name, word in last.comparators.items())}"
    )
