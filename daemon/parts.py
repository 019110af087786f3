"""The parts of a running daemon, in one place for those that start, feed, reload and ask them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon.clockwatch import ClockWatch
from daemon.follower import Standing
from daemon.journal.store import Journal
from daemon.limits import Limiter
from daemon.outlets import Outlet
from daemon.planned import Prepared
from daemon.runner import Runner
from daemon.schedule import Schedule
from daemon.tally import Tally
from probes.clock import Clock


@dataclass(slots=True)
class Daemon:
    """The parts of a running daemon."""

    path: Path | None
    """The configuration file, for a reload."""
    clock: Clock
    now: Prepared
    """The configuration as it runs."""
    journal: Journal
    group: asyncio.TaskGroup
    runner: Runner
    schedule: Schedule
    watch: ClockWatch
    limiter: Limiter
    began: float
    """Monotonic seconds at the start."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    standings: dict[str, Standing] = field(default_factory=dict)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    """Followers and loops by name."""
    sinks: dict[str, Outlet] = field(default_factory=dict)
    measured: dict[str, Callable[[], Mapping[str, float]]] = field(default_factory=dict)
    """Sink to the figures that it counts by itself."""
    lag: float = 0.0
    """Seconds by which the loop was late at its last look."""
    tally: Tally = field(default_factory=Tally)
    """What the journal said since the start."""
