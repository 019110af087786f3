"""The metrics that every series has: names and values of its last record, written as lines of the exposition format.

prometheus_client takes 7 microseconds a line here, which would stop the loop for a third of a second with many series;
these lines are written by hand, and tests read them with its parser.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from probes.record import Phase, Record, Timing

LABELS = ("service", "role", "endpoint", "probe", "vantage", "family")
_SPECIAL = re.compile(r'[\\"\n]')
_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n"}
_DNS, _HTTP = Phase.DNS, Phase.HTTP
"""Looked up once: an enumeration's attribute costs as much as a line."""
_PHASES = {phase: f',phase="{phase}"' for phase in Phase}
_HTTP_PHASES = {_DNS: ',phase="resolve"', Phase.TCP: ',phase="connect"', Phase.TLS: ',phase="tls"'}
_PROTOCOLS = {"ipv4": 4, "ipv6": 6}

PIECE = 500
"""Series whose lines are written at a stretch."""

Value = tuple[str, float]
"""Further labels as they are written (empty or with a comma in front), and the number."""


@dataclass(frozen=True, slots=True)
class SeriesFamily:
    """One metric of every series: what the last record says of it, nothing if it says nothing."""

    name: str
    more: tuple[str, ...]
    """Labels beside the six of a series."""
    meaning: str
    values: Callable[[Record], Iterable[Value]]


def escaped(text: str) -> str:
    """A label's value as it stands between quotes."""
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text) if _SPECIAL.search(text) else text


def lines(family: SeriesFamily, records: Sequence[tuple[str, Record]]) -> Iterator[str]:
    """One metric of all series in pieces; each record comes with its labels as `labels_of` writes them."""
    name, values = family.name, family.values
    yield f"# HELP {name} {family.meaning}\n# TYPE {name} gauge\n"
    for first in range(0, len(records), PIECE):
        some = records[first : first + PIECE]
        yield "".join(
            [f"{name}{{{labels}{more}}} {value!r}\n" for labels, record in some for more, value in values(record)]
        )


def labels_of(record: Record) -> str:
    """The six labels of its series, as they are written."""
    of = record.series
    return (
        f'service="{escaped(of.service)}",role="{escaped(of.role)}",endpoint="{escaped(of.endpoint)}",'
        f'probe="{escaped(of.probe)}",vantage="{escaped(of.vantage)}",family="{escaped(of.family)}"'
    )


def is_measured(record: Record) -> bool:
    """False for a fault of our own, which says nothing of the target."""
    return record.failure is None or record.failure.kind != "local"


def _success(record: Record) -> Iterable[Value]:
    return (("", int(record.failure is None)),)


def _http_phases(record: Record) -> Iterator[Value]:
    """The phases under the names that blackbox_exporter's charts know; the reply begins where processing ends."""
    if record.series.probe != "http":
        return
    for timing in record.timings:
        if timing.phase is _HTTP:
            yield from _exchange(timing, record.facts.first_byte)
        elif word := _HTTP_PHASES.get(timing.phase):
            yield word, timing.seconds


def _exchange(timing: Timing, first_byte: float | None) -> Iterator[Value]:
    waited = timing.seconds if first_byte is None else min(timing.seconds, max(0.0, first_byte - timing.begin))
    yield ',phase="processing"', round(waited, 6)
    yield ',phase="transfer"', round(timing.seconds - waited, 6)


def _phases(record: Record) -> Iterable[Value]:
    if len({timing.phase for timing in record.timings}) == len(record.timings):
        return [(_PHASES[timing.phase], timing.seconds) for timing in record.timings]
    sums: dict[Phase, float] = {}
    for timing in record.timings:
        sums[timing.phase] = round(sums.get(timing.phase, 0.0) + timing.seconds, 6)
    return [(_PHASES[phase], seconds) for phase, seconds in sums.items()]


def _lookup(record: Record) -> Iterable[Value]:
    return [("", timing.seconds) for timing in record.timings if timing.phase is _DNS][:1]


def _status(record: Record) -> Iterable[Value]:
    return () if record.facts.status is None else (("", record.facts.status),)


def _protocol(record: Record) -> Iterable[Value]:
    version = _PROTOCOLS.get(record.series.family)
    return () if version is None else (("", version),)


def _failure(record: Record) -> Iterable[Value]:
    failure = record.failure
    return () if failure is None else ((f',phase="{failure.phase}",kind="{failure.kind}"', 1),)


MEASURED = (
    SeriesFamily(
        "probe_success",
        (),
        "1 if the last slot succeeded, 0 if it failed; not given where it could not be measured or none came lately.",
        _success,
    ),
    SeriesFamily(
        "probe_duration_seconds", (), "Seconds that the last slot took.", lambda record: (("", record.seconds),)
    ),
    SeriesFamily("probe_dns_lookup_time_seconds", (), "Seconds of its dns phase.", _lookup),
    SeriesFamily("probe_ip_protocol", (), "4 or 6.", _protocol),
    SeriesFamily(
        "probe_http_duration_seconds",
        ("phase",),
        "Seconds of an http slot by phase: resolve, connect, tls, processing, transfer.",
        _http_phases,
    ),
    SeriesFamily("probe_http_status_code", (), "HTTP status of the last slot.", _status),
    SeriesFamily(
        "reachd_phase_duration_seconds",
        ("phase",),
        "Seconds of the last slot by phase: dns, proxy, tcp, tls, quic, http, app.",
        _phases,
    ),
    SeriesFamily("reachd_last_failure", ("phase", "kind"), "1 if the last slot failed: where and how.", _failure),
)
"""Of a slot that was measured."""
ALWAYS = (
    SeriesFamily(
        "reachd_last_slot_measured",
        (),
        "1 if the last slot was measured, 0 if a fault of our own prevented it.",
        lambda record: (("", int(is_measured(record))),),
    ),
    SeriesFamily(
        "reachd_last_slot_timestamp_seconds",
        (),
        "When the last slot was due, in seconds since the epoch.",
        lambda record: (("", record.due / 1e6),),
    ),
)
"""Of every last slot."""
