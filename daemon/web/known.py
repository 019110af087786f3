"""What /metrics is made from: one look at a running daemon, so that the text is a pure function of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version

from config.plan import Assignment
from daemon.follower import Standing
from daemon.heartbeat import size_of
from daemon.loops import signs_of_life
from daemon.parts import Daemon
from daemon.rows import Heartbeat
from daemon.tally import Tally
from probes.record import Record


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal at a moment."""

    last: int = 0
    """Number of its newest durable row."""
    file: int = 0
    log: int = 0
    """Bytes of the file and of its write-ahead log."""
    condition: str = "ok"
    """As `daemon.journal.store.Journal.condition`."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What it counts."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known at a moment."""

    now: int
    """Microseconds since the epoch."""
    assignments: Sequence[Assignment]
    """The plan."""
    tally: Tally
    counts: Mapping[str, int]
    """As the runner counts: ok, failed, local, skipped, bugs, confirmed."""
    in_flight: int
    lag: float
    """Seconds by which the loop was late at its last look."""
    paused: bool
    standings: Mapping[str, Standing]
    sinks: Mapping[str, Mapping[str, float]]
    """Sink to what it counts by itself."""
    vantages: Sequence[Heartbeat]
    journal: Journal
    release: str
    """Version of the program."""

    def lately(self) -> list[Record]:
        """The last record of each planned series, unless a slot has passed without one since: no data is not ok."""
        found = ((item, self.tally.last.get(item.series)) for item in self.assignments)
        return [record for item, record in found if record is not None and record.due >= self.now - _fresh(item)]


def _fresh(item: Assignment) -> int:
    """Microseconds after its due time within which the record of the next slot must have come."""
    return int((2 * item.every + item.timeout) * 1_000_000)


def known(daemon: Daemon, release: str) -> Known:
    """Look at a daemon of a version."""
    journal = daemon.journal
    file, log = size_of(journal.path)
    return Known(
        now=daemon.clock.wall(),
        assignments=daemon.now.plan.assignments,
        tally=daemon.tally,
        counts=daemon.runner.counts,
        in_flight=len(daemon.runner.running),
        lag=daemon.lag,
        paused=daemon.schedule.paused,
        standings=daemon.standings,
        sinks={name: dict(counted()) for name, counted in daemon.measured.items()},
        vantages=signs_of_life(daemon),
        journal=Journal(journal.last, file, log, journal.condition, journal.figures),
        release=release,
    )


def look_at(daemon: Daemon) -> Callable[[], Known]:
    """What looks at a daemon of this version of the program."""
    return partial(known, daemon, version("reachd"))
