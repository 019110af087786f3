"""What a plan costs: probes a second, traffic of each target, the journal's disk, InfluxDB's series and points."""

from collections.abc import Iterable
from dataclasses import dataclass

from config.plan import Assignment, Plan
from config.quantities import DAY

RECORD = 250
"""Bytes of a record on disk (docs/design.md: at most that for a good one)."""
HEARTBEAT = 100
"""Bytes of a heartbeat on disk, rounded up."""
HEALTH = 500
"""Bytes of the daemon's own figures on disk, rounded up."""
ROLLUP = 60
"""Bytes of a rollup on disk, rounded up."""
WINDOWS = (300, 3600)
"""Seconds of the windows of rollups, each a row, a series and a point of its own."""
BEAT = 10
"""Seconds between two heartbeats, or the shortest interval if that is less."""
STATE = 60
"""Seconds between two points of a service's state."""
MONTH = 30 * DAY


@dataclass(frozen=True, slots=True)
class TargetCost:
    """What one endpoint costs over all its vantages and families."""

    service: str
    role: str
    endpoint: str
    probe: str
    every: int
    series: int
    bytes_per_day: int
    """Both ways, estimated for good runs."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan costs in all."""

    targets: tuple[TargetCost, ...]
    probes_per_second: float
    bytes_per_day: int
    journal_bytes: int
    """For 30 days."""
    influx_series: int
    influx_points_per_second: float

    @property
    def journal_gb(self) -> float:
        """Gigabytes of 30 days."""
        return self.journal_bytes / 10**9


def cost(plan: Plan) -> Cost:
    """Add up a plan."""
    targets = tuple(_targets(plan.assignments))
    rate = sum(1 / each.every for each in plan.assignments)
    beat = min([BEAT, *(each.every for each in plan.assignments)])
    beats = len(plan.vantages) / beat
    rolled = sum(1 / max(each.every, width) for each in plan.assignments for width in WINDOWS)
    states = len({(each.series.service, each.series.vantage) for each in plan.assignments})
    return Cost(
        targets=targets,
        probes_per_second=rate,
        bytes_per_day=sum(target.bytes_per_day for target in targets),
        journal_bytes=round(MONTH * (rate * RECORD + rolled * ROLLUP + beats * HEARTBEAT + HEALTH / BEAT)),
        influx_series=len(plan.assignments) * (1 + len(WINDOWS)) + states + len(plan.vantages) + 1,
        influx_points_per_second=rate + rolled + states / STATE + beats + 1 / BEAT,
    )


def _targets(assignments: Iterable[Assignment]) -> Iterable[TargetCost]:
    """The assignments by endpoint, in order."""
    found: dict[tuple[str, str, str, str], list[Assignment]] = {}
    for each in assignments:
        key = (each.series.service, each.series.role, each.series.endpoint, each.series.probe)
        found.setdefault(key, []).append(each)
    for key, members in found.items():
        traffic = sum(DAY * each.options.traffic / each.every for each in members)
        yield TargetCost(*key, members[0].every, len(members), round(traffic))
