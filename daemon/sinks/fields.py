"""Every measurement of InfluxDB with its tags and fields, in one table: the writer and the reference are made from it.

A field's type never changes, and a field never goes: a store would refuse the points. What is new goes to the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from daemon.classes import FailureClass
from daemon.sinks.protocol import integer, real, string
from probes.record import Phase


class Type(StrEnum):
    """What a field holds."""

    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"


_WRITTEN: Mapping[Type, Callable[[Any], str]] = {Type.INTEGER: integer, Type.FLOAT: real, Type.STRING: string}


@dataclass(frozen=True, slots=True)
class Field:
    """A field: name, type, unit (`us`, `ms`, `bytes`, `0/1`, `code` ..., empty for text), and what it means."""

    name: str
    type: Type
    unit: str
    meaning: str


class Measurement:
    """A measurement: its tags in alphabetical order, which the server likes best; its fields as they are written."""

    __slots__ = ("_columns", "fields", "meaning", "name", "tags")

    def __init__(self, name: str, meaning: str, tags: tuple[str, ...], fields: tuple[Field, ...]) -> None:
        """The table is constant: nothing changes after this."""
        self.name, self.meaning, self.tags, self.fields = name, meaning, tags, fields
        self._columns = tuple((field.name, f"{field.name}=", _WRITTEN[field.type]) for field in fields)

    def write(self, values: Mapping[str, Any]) -> str:
        """All fields as text, every one every time: a rewritten point keeps nothing of the old.

        Raises KeyError for a field that has no value, or a value that has no field.
        """
        if len(values) > len(self._columns):
            raise KeyError(*sorted(values.keys() - {field.name for field in self.fields}))
        return ",".join([start + written(values[name]) for name, start, written in self._columns])


def _integers(unit: str, **meanings: str) -> tuple[Field, ...]:
    return tuple(Field(name, Type.INTEGER, unit, meaning) for name, meaning in meanings.items())


def _floats(unit: str, **meanings: str) -> tuple[Field, ...]:
    return tuple(Field(name, Type.FLOAT, unit, meaning) for name, meaning in meanings.items())


def _strings(**meanings: str) -> tuple[Field, ...]:
    return tuple(Field(name, Type.STRING, "", meaning) for name, meaning in meanings.items())


SERIES_TAGS = ("endpoint", "family", "probe", "role", "service", "vantage")
EVENT_TAGS = ("kind", "scope", "service")

PROBE_RESULT = Measurement(
    "probe_result",
    "One slot of a series, measured or skipped; its time is the due time.",
    SERIES_TAGS,
    (
        *_integers(
            "0/1",
            success="1 if the target answered as it should",
            measured="0 where our own machine failed or the slot was skipped: leave these out of every mean",
        ),
        *_strings(result="`ok`, `skipped`, or the kind of the failure"),
        *_integers("code", result_code="the number of `result`"),
        *_strings(phase="the phase that failed"),
        *_integers("code", phase_code="the number of `phase`"),
        *_strings(failure="the kind of the failure, or why the slot was skipped"),
        *_integers("ms", start_offset_ms="how long after the due time the run began"),
        *_integers("us", **{f"{phase}_us": f"time in phase {phase}; 0 if it did not run" for phase in Phase}),
        *_integers(
            "us",
            total_us="the whole run",
            rtt_us="round trip of the connection as the kernel smooths it; 0 if unknown",
        ),
        *_integers("segments", retransmits="segments sent again"),
        *_integers("code", status_code="the HTTP status; 0 without one"),
        *_integers("bytes", bytes_in="bytes of the application received", bytes_out="bytes of the application sent"),
        *_strings(address="what was connected to", config="hash of the endpoint's options"),
        *_integers("count", attempt="1 but for a slot that was measured again"),
    ),
)

_LATENCIES = {
    "min_us": "the fastest good run; 0 without any",
    "p50_us": "median of the good runs",
    "p90_us": "nine of ten good runs took at most this",
    "p95_us": "nineteen of twenty good runs took at most this",
    "max_us": "the slowest good run",
}
_WINDOW = (
    *_integers(
        "slots",
        n="measured",
        ok="good",
        fail="failed",
        local="not measured: a fault of our own",
        skipped="not measured: skipped",
        **{str(name): f"failed as class {name}" for name in FailureClass},
    ),
    *_integers("us", **_LATENCIES),
)
WINDOWS = {
    300: Measurement(
        "probe_5m",
        "What was due in 5 minutes of a series: counts, failures by class, quantiles of good slots (0: none).",
        SERIES_TAGS,
        _WINDOW,
    ),
    3600: Measurement(
        "probe_1h",
        "The same of an hour, kept for ever in the journal. Its time is the start of the window.",
        SERIES_TAGS,
        _WINDOW,
    ),
}
"""Width in seconds to measurement."""

SERVICE_STATE = Measurement(
    "service_state",
    "A service at a vantage, one point a minute.",
    ("service", "vantage"),
    (
        *_integers("code", state="0 ok, 1 degraded, 2 blocked, 3 unknown"),
        *_floats(
            "share",
            availability="good of all measured slots since the last point",
            score="how sure detection is of a disruption",
            baseline="the availability that is usual here",
        ),
    ),
)

VANTAGE_HEALTH = Measurement(
    "vantage_health",
    "A vantage is alive, its controls and its families.",
    ("agent", "vantage"),
    (
        *_integers(
            "0/1",
            up="1: absence means that it is not",
            control="1 if most controls answered last; -1 where nothing is known of controls",
            ipv4="it reaches IPv4",
            ipv6="it reaches IPv6",
        ),
        *_floats("ms", clock_offset_ms="the clock's offset"),
    ),
)

_REVISION = (
    *_strings(event_id="names the event, the same in all revisions"),
    *_integers("count", revision="counts from 1"),
    *_strings(
        state="`suspected`, `confirmed`, `standing`, `ended`; `replaced` where the event goes on as another point"
    ),
    *_integers("code", state_code="the number of `state`", kind_code="the number of the tag `kind`"),
    *_strings(mechanism="how, as deep as the evidence reaches", mechanisms="role=mechanism, by spaces"),
    *_floats("share", confidence="how sure"),
    *_integers(
        "ms",
        at_ms="when the revision was made",
        onset_ms="the earliest that it can have begun",
        onset_latest_ms="the latest",
        detected_ms="when it was seen first",
        reopened_ms="when it was opened again; 0: never",
        ended_ms="when it ended; 0: it goes on",
    ),
    *_strings(summary="one sentence", against="what speaks against it"),
    *_strings(
        roles="roles, by spaces",
        vantages="vantages, by spaces",
        countries="countries, by spaces",
        asns="networks, by spaces",
        endpoints="endpoints, by spaces",
        comparators="service=state, by spaces",
    ),
    *_integers("count", n_vantages="vantages", n_endpoints="endpoints", n_evidence="records of evidence"),
)
DISRUPTION_EVENT = Measurement(
    "disruption_event", "An event at its onset, overwritten by each revision.", EVENT_TAGS, _REVISION
)
EVENT_LOG = Measurement("event_log", "Every revision of every event, appended.", EVENT_TAGS, _REVISION)

DAEMON_HEALTH = Measurement(
    "daemon_health",
    "The daemon's own figures every 10 s: a dead-man signal. Followers and sinks add figures of their own names.",
    ("agent",),
    (
        *_floats(
            "count",
            ok_total="good records since the start",
            failed_total="failing records since the start",
            local_total="records of faults of our own since the start",
            skipped_total="skipped slots since the start",
            bugs_total="runs that a bug of a probe ended",
            confirmed_total="repeats since the start",
            in_flight="runs going on",
        ),
        *_floats("ms", loop_lag_ms="how late the loop was at its last look"),
        *_floats("bytes", journal_bytes="the journal on disk", rss_bytes="memory of the process"),
        *_floats("s", uptime_s="since the start", cpu_s="processor time since the start"),
    ),
)

TABLE = (
    DAEMON_HEALTH,
    DISRUPTION_EVENT,
    EVENT_LOG,
    WINDOWS[3600],
    WINDOWS[300],
    PROBE_RESULT,
    SERVICE_STATE,
    VANTAGE_HEALTH,
)
"""All of them, by name."""
