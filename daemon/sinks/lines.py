"""Journal rows as points: measured slots, gaps, states, heartbeats and the daemon's own figures."""

from collections.abc import Iterator
from functools import lru_cache

from daemon.rows import Gap, Health, Heartbeat, Row, State
from daemon.sinks.codes import OK, PHASES, RESULTS, SKIPPED
from daemon.sinks.protocol import Line, head, integer, line, micros, real, string, tag
from probes.record import Kind, Phase, Purpose, Record, Series

NS = 1000
"""Nanoseconds in the journal's microsecond."""
MINUTE = 60_000_000
GAP_POINTS = 10_000
"""Points of one gap at most (a day at 10 s is 8,640): a longer one is thinned evenly, first and last slot included."""
WRITTEN_BEFORE = frozenset({"retention", "disk"})
"""Reasons of gaps whose slots were measured: the store may hold them, and a skipped point would overwrite one."""

_PHASES = tuple(Phase)
_NO_PHASES = ",".join(f"{phase}_us=0i" for phase in _PHASES)
_OK_WORDS = f'result="{OK}",result_code={RESULTS[OK]}i,phase="",phase_code=0i,failure=""'


@lru_cache(maxsize=65_536)
def series_head(series: Series) -> str:
    """`probe_result` with its six tags, in alphabetical order, which the server likes best."""
    return head(
        "probe_result",
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
    text = f"{series_head(record.series)} {_outcome(record)},{_spans(record)},{_facts(record)} {time}"
    return Line(seq, time, text.encode(errors="replace"))


def _outcome(record: Record) -> str:
    """Whether it worked, and if not, what failed where; a fault of our own measures nothing."""
    failure = record.failure
    if failure is None:
        return f"success=1i,measured=1i,{_OK_WORDS}"
    measured = 0 if failure.kind is Kind.LOCAL else 1
    return f"success=0i,measured={measured}i,{_failed(failure.phase, failure.kind)}"


@lru_cache(maxsize=1024)
def _failed(phase: Phase, kind: Kind) -> str:
    return f'result="{kind}",result_code={RESULTS[kind]}i,phase="{phase}",phase_code={PHASES[phase]}i,failure="{kind}"'


def _spans(record: Record) -> str:
    """How late it began and how long each phase took; a phase that ran twice counts both."""
    spans = dict.fromkeys(_PHASES, 0)
    for timing in record.timings:
        spans[timing.phase] += micros(timing.seconds)
    phases = ",".join([f"{phase}_us={integer(span)}" for phase, span in spans.items()])
    offset = integer((record.began - record.due) // 1000)
    return f"start_offset_ms={offset},{phases},total_us={integer(micros(record.seconds))}"


def _facts(record: Record) -> str:
    """What was seen on the way; 0 and empty where nothing was."""
    facts, tcp = record.facts, record.facts.tcp
    return (
        f"rtt_us={integer(tcp.rtt if tcp else 0)},retransmits={integer(tcp.retransmits if tcp else 0)},"
        f"status_code={integer(facts.status or 0)},bytes_in={integer(facts.bytes_in or 0)},"
        f"bytes_out={integer(facts.bytes_out or 0)},address={string(facts.address or '')},"
        f"config={string(record.config)},attempt={integer(record.attempt)}"
    )


def gap_lines(seq: int, gap: Gap, behind: int | None = None) -> Iterator[Line]:
    """A skipped point for each slot of a gap (after the due time `behind`, where an earlier batch ended)."""
    if gap.reason in WRITTEN_BEFORE:
        return
    reason = string(gap.reason)
    fields = (
        f'success=0i,measured=0i,result="{SKIPPED}",result_code={RESULTS[SKIPPED]}i,phase="",phase_code=0i,'
        f"failure={reason},start_offset_ms=0i,{_NO_PHASES},total_us=0i,rtt_us=0i,retransmits=0i,status_code=0i,"
        'bytes_in=0i,bytes_out=0i,address="",config="",attempt=0i'
    )
    start = f"{series_head(gap.series)} {fields}"
    for due in gap_slots(gap):
        if behind is None or due > behind:
            yield Line(seq, due * NS, f"{start} {due * NS}".encode(errors="replace"))


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
        "state": integer(state.state),
        "availability": real(state.availability),
        "score": real(state.score),
        "baseline": real(state.baseline),
    }
    time = row.at // MINUTE * MINUTE * NS
    return line(row.seq, time, head("service_state", service=state.service, vantage=state.vantage), fields)


def heartbeat_line(row: Row, beat: Heartbeat) -> Line:
    """A vantage that is alive, at a hub named `agent/name`; `control` is -1 where nothing is known of controls."""
    agent = beat.vantage.rpartition("/")[0]
    fields = {
        "up": "1i",
        "control": "-1i" if beat.control is None else integer(int(beat.control)),
        "ipv4": integer(int("ipv4" in beat.families)),
        "ipv6": integer(int("ipv6" in beat.families)),
        "clock_offset_ms": real(beat.clock_offset * 1000),
    }
    return line(row.seq, row.at * NS, head("vantage_health", agent=agent, vantage=beat.vantage), fields)


def health_line(row: Row, health: Health, agent: str = "") -> Line | None:
    """The daemon's own figures, each a float field of its own name; None if there are none."""
    fields = {tag(name): real(value) for name, value in health.figures.items() if name}
    return line(row.seq, row.at * NS, head("daemon_health", agent=agent), fields) if fields else None
