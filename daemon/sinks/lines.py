"""Journal rows as points: measured slots, gaps, states, heartbeats and the daemon's own figures."""

from collections.abc import Iterator
from functools import lru_cache

from daemon.rows import Gap, Health, Heartbeat, Row, State
from daemon.sinks.codes import OK, PHASES, RESULTS, SKIPPED
from daemon.sinks.fields import DAEMON_HEALTH, PROBE_RESULT, SERVICE_STATE, VANTAGE_HEALTH, Type
from daemon.sinks.protocol import Line, head, micros, point, real, tag
from probes.record import Kind, Phase, Purpose, Record, Series

NS = 1000
"""Nanoseconds in the journal's microsecond."""
MINUTE = 60_000_000
GAP_POINTS = 10_000
"""Points of one gap at most (a day at 10 s is 8,640): a longer one is thinned evenly, first and last slot included."""
WRITTEN_BEFORE = frozenset({"retention", "disk"})
"""Reasons of gaps whose slots were measured: the store may hold them, and a skipped point would overwrite one."""

_SPANS = {phase: f"{phase}_us" for phase in Phase}
_NO_SPANS = dict.fromkeys(_SPANS.values(), 0)
_WELL = {"success": 1, "measured": 1, "result": OK, "result_code": RESULTS[OK]}
_NO_FAILURE = {"phase": "", "phase_code": PHASES[""], "failure": ""}
_NOT_MEASURED = {
    **{field.name: "" if field.type is Type.STRING else 0 for field in PROBE_RESULT.fields},
    "result": SKIPPED,
    "result_code": RESULTS[SKIPPED],
}


@lru_cache(maxsize=65_536)
def series_head(series: Series) -> str:
    """The measurement with its six tags, in alphabetical order, which the server likes best."""
    return head(
        PROBE_RESULT.name,
        endpoint=series.endpoint,
        family=series.family,
        probe=series.probe,
        role=series.role,
        service=series.service,
        vantage=series.vantage,
    )


def record_line(seq: int, record: Record) -> Line | None:
    """The point of a measured slot; None for records that only look into another (confirm, diagnose, manual).

    Every field is written every time, so that a rewritten point keeps nothing of the old. A phase that did not run
    is 0 and one that did is at least 1: `WHERE "dns_us" > 0` gives an honest mean.
    """
    if record.purpose is not Purpose.SLOT:
        return None
    time = record.due * NS
    fields = PROBE_RESULT.write(_outcome(record) | _spans(record) | _facts(record))
    return point(seq, time, series_head(record.series), fields)


def _outcome(record: Record) -> dict[str, object]:
    """Whether it worked, and if not, what failed where; a fault of our own measures nothing."""
    failure = record.failure
    if failure is None:
        return _WELL | _NO_FAILURE
    kind, phase = failure.kind, failure.phase
    return {
        "success": 0,
        "measured": 0 if kind is Kind.LOCAL else 1,
        "result": kind,
        "result_code": RESULTS[kind],
        "phase": phase,
        "phase_code": PHASES[phase],
        "failure": kind,
    }


def _spans(record: Record) -> dict[str, object]:
    """How late it began and how long each phase took; a phase that ran twice counts both."""
    spans: dict[str, int] = dict(_NO_SPANS)
    for timing in record.timings:
        spans[_SPANS[timing.phase]] += micros(timing.seconds)
    offset = (record.began - record.due) // 1000
    return {"start_offset_ms": offset, "total_us": micros(record.seconds), **spans}


def _facts(record: Record) -> dict[str, object]:
    """What was seen on the way; 0 and empty where nothing was."""
    facts, tcp = record.facts, record.facts.tcp
    return {
        "rtt_us": tcp.rtt if tcp else 0,
        "retransmits": tcp.retransmits if tcp else 0,
        "status_code": facts.status or 0,
        "bytes_in": facts.bytes_in or 0,
        "bytes_out": facts.bytes_out or 0,
        "address": facts.address or "",
        "config": record.config,
        "attempt": record.attempt,
    }


def gap_lines(seq: int, gap: Gap, behind: int | None = None) -> Iterator[Line]:
    """A skipped point for each slot of a gap (after the due time `behind`, where an earlier batch ended)."""
    if gap.reason in WRITTEN_BEFORE:
        return
    head_, fields = series_head(gap.series), PROBE_RESULT.write(_NOT_MEASURED | {"failure": gap.reason})
    for due in gap_slots(gap):
        if behind is None or due > behind:
            yield point(seq, due * NS, head_, fields)


def gap_slots(gap: Gap) -> Iterator[int]:
    """The due times of a gap: all of them, or at most GAP_POINTS spread evenly."""
    every = max(1, gap.every) * 1_000_000
    last = max(0, (gap.last - gap.first) // every)
    stride = max(1, -(-last // (GAP_POINTS - 1)))
    for slot in range(0, last, stride):
        yield gap.first + slot * every
    yield gap.first + last * every


def state_line(row: Row, state: State) -> Line:
    """A service at a vantage; one point a minute, the last of a minute stands."""
    fields = {
        "state": state.state,
        "availability": state.availability,
        "score": state.score,
        "baseline": state.baseline,
    }
    time = row.at // MINUTE * MINUTE * NS
    return point(
        row.seq,
        time,
        head(SERVICE_STATE.name, service=state.service, vantage=state.vantage),
        SERVICE_STATE.write(fields),
    )


def heartbeat_line(row: Row, beat: Heartbeat) -> Line:
    """A vantage that is alive, at a hub named `agent/name`; `control` is -1 where nothing is known of controls."""
    agent = beat.vantage.rpartition("/")[0]
    fields = {
        "up": 1,
        "control": -1 if beat.control is None else int(beat.control),
        "ipv4": int("ipv4" in beat.families),
        "ipv6": int("ipv6" in beat.families),
        "clock_offset_ms": beat.clock_offset * 1000,
    }
    where = head(VANTAGE_HEALTH.name, agent=agent, vantage=beat.vantage)
    return point(row.seq, row.at * NS, where, VANTAGE_HEALTH.write(fields))


def health_line(row: Row, health: Health, agent: str = "") -> Line | None:
    """The daemon's own figures, each a float field of its own name; None if there are none."""
    fields = ",".join(f"{tag(name)}={real(value)}" for name, value in health.figures.items() if name)
    return point(row.seq, row.at * NS, head(DAEMON_HEALTH.name, agent=agent), fields) if fields else None
