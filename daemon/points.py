"""What InfluxDB is given, read from points that the sink itself makes of one row of each kind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.heartbeat import Figures, health
from daemon.rows import Event, Gap, Heartbeat, Rollup, Row, Scope, State
from daemon.sinks.events import event_lines
from daemon.sinks.lines import gap_lines, health_line, heartbeat_line, record_line, state_line
from daemon.sinks.protocol import Line
from daemon.sinks.rollups import MEASUREMENTS, rollup_line
from probes.record import Facts, Record, Series

_FIELD = re.compile(r'([^=,]+)=("(?:[^"\\]|\\.)*"|[^,]+)')
_SERIES = Series("service", "role", "endpoint", "probe", "vantage", "ipv4")
_EVENT = Event(
    id="id",
    revision=1,
    at=0,
    state="suspected",
    kind="block",
    service="service",
    roles=(),
    mechanism="tcp.drop",
    mechanisms={},
    scope=Scope(("vantage",), ("RU",)),
    onset=(0, 0),
    detected=0,
    reopened=None,
    ended=None,
    confidence=1.0,
    evidence=(),
    comparators={},
    summary="",
    against="",
)

MEANINGS = {
    "probe_result": "One slot of a series, measured or skipped; its time is the due time.",
    "probe_5m": "What was due in 5 minutes of a series: counts, failures by class, quantiles of good slots (0: none).",
    "probe_1h": "The same of an hour, kept for ever in the journal. Its time is the start of the window.",
    "service_state": "A service at a vantage: state 0 ok, 1 degraded, 2 blocked, 3 unknown; one point a minute.",
    "disruption_event": "An event at its onset, overwritten by each revision.",
    "event_log": "Every revision of every event, appended.",
    "vantage_health": "A vantage is alive, its controls and its families.",
    "daemon_health": "The daemon's own figures every 10 s: a dead-man signal. Each figure is a field of its own name.",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: its tags, its fields with their types."""

    measurement: str
    meaning: str
    tags: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


def points() -> list[Point]:
    """All measurements."""
    found = {point.measurement: point for point in map(_point, _samples())}
    return [found[name] for name in sorted(found)]


def _samples() -> Iterator[Line]:
    """A point of each measurement."""
    record = record_line(1, Record(_SERIES, 0, 0, 0.0, (), None, Facts()))
    figures = health(Figures(counts={}, running=0, lag=0.0, followers={}, journal=Path(), uptime=0.0))
    daemon = health_line(Row(1, 0, figures), figures)
    yield from gap_lines(1, Gap(_SERIES, 0, 0, 60, "stop"))
    yield from (line for line in (record, daemon) if line is not None)
    yield state_line(Row(1, 0, State("", "", 0, 0.0, 0.0, 0.0)), State("service", "vantage", 0, 1.0, 0.0, 0.0))
    yield heartbeat_line(Row(1, 0, Heartbeat("", None)), Heartbeat("vantage", True, ("ipv4",)))
    yield from event_lines(Row(1, 0, _EVENT), _EVENT, None)
    rollups = [Rollup(_SERIES, 0, width, 0, 0, {}, 0, 0, None) for width in MEASUREMENTS]
    yield from filter(None, (rollup_line(Row(1, 0, rollup), rollup) for rollup in rollups))


def _point(line: Line) -> Point:
    head, rest = line.text.decode().split(" ", 1)
    measurement, *tags = head.split(",")
    fields = tuple((name, _type(value)) for name, value in _FIELD.findall(rest.rsplit(" ", 1)[0]))
    return Point(measurement, MEANINGS[measurement], tuple(tag.split("=")[0] for tag in tags), fields)


def _type(value: str) -> str:
    if value.startswith('"'):
        return "string"
    return "integer" if value.endswith("i") else "float"
