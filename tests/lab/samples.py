"""Rows as the daemon writes them, for tests of what reads the journal."""

from dataclasses import replace
from typing import Any

from daemon.rows import Event, Scope
from probes.record import Facts, Failure, Kind, Phase, Record, Series, TcpInfo, Timing

SECOND = 1_000_000
THEN = 1_770_000_000 * SECOND
"""A moment on the grid of every interval that divides a minute (microseconds)."""
SERIES = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tls", "ru1", "ipv4")
TIMINGS = (Timing(Phase.DNS, 0.0, 0.012), Timing(Phase.TCP, 0.012, 0.031), Timing(Phase.TLS, 0.043, 0.08))
FACTS = Facts(
    address="157.240.205.62", bytes_in=4021, bytes_out=517, status=None, tcp=TcpInfo(30_125, 2, 0, 517, 4021, 6, 7)
)
EVENT = Event(
    id="EVENT1",
    revision=1,
    at=THEN + 60 * SECOND,
    state="suspected",
    kind="block",
    service="whatsapp",
    roles=("chat", "web"),
    mechanism="tcp.drop",
    mechanisms={"chat": "tcp.drop", "web": "dns.nxdomain"},
    scope=Scope(("ru1", "ru2"), ("RU",), (12389,), ("g.whatsapp.net:5222",)),
    onset=(THEN, THEN + 10 * SECOND),
    detected=THEN + 40 * SECOND,
    reopened=None,
    ended=None,
    confidence=0.9,
    evidence=("A", "B"),
    comparators={"max": "reachable"},
    summary="WhatsApp is consistent with blocking in RU",
    against="",
)


def record(slot: int = 0, **changes: Any) -> Record:
    """A good record of a tls probe, due at THEN + slot * 10 s."""
    due = THEN + slot * 10 * SECOND
    good = Record(SERIES, due, due + 1_204_311, 0.1234567, TIMINGS, None, FACTS, config="9f31c2", version="tls/1")
    return replace(good, **changes)


def failed(slot: int = 0, phase: Phase = Phase.TCP, kind: Kind = Kind.TIMEOUT, **changes: Any) -> Record:
    """A record that failed in that phase."""
    timings = (Timing(Phase.DNS, 0.0, 0.012), Timing(phase, 0.012, 10.0))
    return record(slot, failure=Failure(phase, kind, "for people"), timings=timings, seconds=10.012, **changes)


def varied(count: int, start: int) -> list[Record]:
    """Records of all sorts, each with a slot of its own behind `start` (microseconds)."""
    kinds = [None, *Kind]
    return [one(number, kinds[number % len(kinds)], start + number * 10 * SECOND) for number in range(count)]


def one(number: int, kind: Kind | None, due: int) -> Record:
    phases = list(Phase)[: number % 7 + 1]
    timings = tuple(Timing(phase, 0.01 * place, 0.001 * (number + place)) for place, phase in enumerate(phases))
    facts = Facts(
        address=f"192.0.2.{number % 250}" if number % 3 else None,
        status=200 + number if number % 2 else None,
        bytes_in=number * 10_000_000_000,
        bytes_out=number,
        tcp=TcpInfo(1000 + number, number % 4, 0, 1, 2, 3, 4) if number % 5 else None,
    )
    series = Series("whats app", "chat", f"host,{number % 3}=x:443", "tls", "ru1", "ipv6")
    failure = Failure(phases[-1], kind, "detail") if kind else None
    return Record(series, due, due + number * 1000, 0.5 + number, timings, failure, facts, config=f"c{number}")


def expected(row: Record) -> dict[str, object]:
    """What must be read back, told from the record and not from our lines."""
    spans = {timing.phase: round(timing.seconds * 1e6) for timing in row.timings}
    kind = row.failure.kind if row.failure else "ok"
    return {
        "time": row.due * 1000,
        **{name: getattr(row.series, name) for name in Series.__slots__},
        "success": int(row.failure is None),
        "measured": int(row.failure is None or row.failure.kind is not Kind.LOCAL),
        "result": kind,
        "failure": row.failure.kind if row.failure else "",
        "phase": row.failure.phase if row.failure else "",
        "start_offset_ms": (row.began - row.due) // 1000,
        **{f"{phase}_us": max(1, spans[phase]) if phase in spans else 0 for phase in Phase},
        "total_us": round(row.seconds * 1e6),
        "rtt_us": row.facts.tcp.rtt if row.facts.tcp else 0,
        "retransmits": row.facts.tcp.retransmits if row.facts.tcp else 0,
        "status_code": row.facts.status or 0,
        "bytes_in": row.facts.bytes_in,
        "bytes_out": row.facts.bytes_out,
        "address": row.facts.address or "",
        "config": row.config,
        "attempt": 1,
    }


def records(count: int) -> list[Record]:
    """Good records, a slot after another."""
    return [record(slot) for slot in range(count)]
