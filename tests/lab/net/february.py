"""February 2026 to watch: the lab, a daemon with its page, act by act: `python -m tests.lab.net.february` (root)."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.demo.story import free_port
from daemon.rows import Event
from probes.clock import SystemClock
from tests.lab.daemons import COMMAND, Running, measuring, soon
from tests.lab.net.lab import Lab, lab
from tests.lab.net.process import ROOT, say
from tests.lab.net.scenario import NORMAL, SCENARIOS, Stage, hold, read
from tests.lab.net.topology import CENSORED
from tests.lab.net.watch import configure, events_of, measured

DENIED, DROPPED, OVER = read(SCENARIOS / "february.toml").stages
PATIENCE = 40.0
"""Seconds within which the daemon concludes what an act is for."""
Told = tuple[int, int]
"""Microseconds of the wall clock before and after the network was told what holds."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is told to the network, in a sentence too, and what must be so before the next act."""

    says: str
    stage: Stage
    until: Callable[[Running], bool]


def _block(daemon: Running) -> Event | None:
    """What is concluded of the two censored lines, together."""
    return next((event for event in events_of(daemon) if event.scope.vantages == CENSORED), None)


def _of_roles(*roles: str) -> Callable[[Running], bool]:
    return lambda daemon: (event := _block(daemon)) is not None and set(roles) <= set(event.roles)


def _all_over(daemon: Running) -> bool:
    return all(event.ended for event in events_of(daemon))


ACTS = (
    Act("all is well", NORMAL, lambda daemon: measured(daemon, 4)),
    Act("web.whatsapp.com leaves the resolvers of both networks, and NSDI", DENIED, _of_roles("web")),
    Act("chat and media are dropped in the path", DROPPED, _of_roles("web", "chat", "media")),
    Act("the end", OVER, _all_over),
)


def play(made: Lab, daemon: Running, tell: Callable[[str], object]) -> list[Told]:
    """Play all acts, each until what it is for is concluded; when each was told. Raises TimeoutError."""
    told = []
    for act in ACTS:
        before = SystemClock().wall()
        hold(made, act.stage)
        told.append((before, SystemClock().wall()))
        tell(act.says)
        soon(partial(act.until, daemon), PATIENCE)
        for event in events_of(daemon):
            tell(f"    {event.state}: {event.summary}")
    return told


def main() -> None:
    """Play it, tell of it, show the events, and leave the page open until Enter where there is someone to press it."""
    try:
        with lab() as made, TemporaryDirectory(prefix="reachd-lab-") as folder:
            _watch(made, Path(folder))
    except KeyboardInterrupt:
        say("")


def _watch(made: Lab, folder: Path) -> None:
    page = f"127.0.0.1:{free_port()}"
    with measuring(configure(folder, made, f'\n[web]\nlisten = "{page}"\n')) as daemon:
        say(f"the page is at http://{page}/, the journal is {daemon.journal}")
        begin = time.monotonic()
        play(made, daemon, lambda what: say(f"{time.monotonic() - begin:5.1f} s  {what}"))
        subprocess.run([*COMMAND, "events", "--journal", str(daemon.journal)], cwd=ROOT, check=True)
        if sys.stdin.isatty():
            say("Enter: clean up")
            sys.stdin.readline()


if __name__ == "__main__":
    main()
