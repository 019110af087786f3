"""The signs of life: which vantages are alive with their controls, and the daemon's own figures."""

import resource
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from daemon.rows import Health, Heartbeat
from probes.record import Series

EVERY = 10.0
"""Seconds between two signs of life; less where something is measured more often."""


def interval(everies: Iterable[int]) -> float:
    """Seconds between two heartbeats: 10, or the shortest interval of the plan if that is less."""
    return min((EVERY, *map(float, everies)))


def heartbeats(
    families: Mapping[str, frozenset[str]],
    sides: Mapping[str, str],
    last: Mapping[Series, tuple[str, int]],
    unmeasured: AbstractSet[Series] = frozenset(),
) -> list[Heartbeat]:
    """One heartbeat per vantage: its control is ok when most of its control series answered last time.

    It is None where the vantage has no control, or none that could be measured last time.
    """
    answered: dict[str, list[bool]] = {vantage: [] for vantage in families}
    for series, (outcome, _began) in last.items():
        if series.vantage in answered and sides.get(series.service) == "control" and series not in unmeasured:
            answered[series.vantage].append(outcome == "ok")
    return [
        Heartbeat(vantage, _most(answered[vantage]), tuple(sorted(carried))) for vantage, carried in families.items()
    ]


def _most(answers: list[bool]) -> bool | None:
    return sum(answers) * 2 > len(answers) if answers else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the daemon knows of itself; see `health`."""

    counts: Mapping[str, int]
    """ok, failed, local, skipped, bugs, confirmed: since the start."""
    running: int
    lag: float
    """Seconds by which the loop was late at its last look."""
    followers: Mapping[str, tuple[int, int]]
    """Follower to (rows it is behind, failures since the start)."""
    journal: Path
    uptime: float
    measured: Mapping[str, float] = field(default_factory=dict)
    """What journal and sinks count by themselves."""


def health(figures: Figures) -> Health:
    """The row for `daemon_health`: counts since the start, sizes in bytes, times in their named unit."""
    named = {f"{word}_total": float(figures.counts.get(word, 0)) for word in COUNTED}
    for name, (behind, failures) in figures.followers.items():
        named[f"{name}_backlog_rows"] = float(behind)
        named[f"{name}_failures_total"] = float(failures)
    return Health(
        named
        | dict(figures.measured)
        | {
            "in_flight": float(figures.running),
            "loop_lag_ms": figures.lag * 1e3,
            "journal_bytes": float(sum(size_of(figures.journal))),
            "rss_bytes": float(rss()),
            "uptime_s": figures.uptime,
            "cpu_s": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
        }
    )


COUNTED = ("ok", "failed", "local", "skipped", "bugs", "confirmed")


def size_of(journal: Path) -> list[int]:
    """Bytes of the journal's file and of its write-ahead log."""
    return [path.stat().st_size if path.exists() else 0 for path in (journal, Path(f"{journal}-wal"))]


def rss() -> int:
    """Resident bytes of this process (Linux; elsewhere its peak)."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
