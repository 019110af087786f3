"""What goes out: any row as one JSON line of its contract (record/1, event/1, plan/1 ...); `wire_in` reads it back."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from daemon.moments import SECOND, text_of
from daemon.rows import (
    KINDS,
    Annotation,
    Body,
    Change,
    ClockStep,
    Delivery,
    Event,
    Gap,
    Health,
    Heartbeat,
    PlanRow,
    Rollup,
    Row,
    State,
)
from probes.diagnosis import Cell, Diagnosis
from probes.record import Answer, Facts, Record, Series, Timing

VERSION = 1
"""Raised for one kind when a reader of the old form would misread the new one; fields may be added without."""

Line = dict[str, Any]

_NESTED = frozenset({"answers", "tcp", "diagnosis", "extra"})
_FACTS = tuple((field.name, field.default) for field in fields(Facts) if field.name not in _NESTED)
_ANSWER = tuple((field.name, field.default) for field in fields(Answer))
_CELL = tuple((field.name, field.default) for field in fields(Cell))


def line_of(row: Row) -> str:
    """Write a row as one line without its line end. A row's number is its place in the file and is not written."""
    return json.dumps(object_of(row.body, row.at), ensure_ascii=False, allow_nan=False)


def record_line(record: Record) -> str:
    """Write a record that no journal has stamped: `at` is when it ended."""
    return line_of(Row(0, ended_at(record), record))


def event_line(event: Event) -> str:
    """Write one revision of an event."""
    return line_of(Row(0, event.at, event))


def ended_at(record: Record) -> int:
    """The moment a record ended, in microseconds: its `at` where no journal gave one."""
    return record.began + round(record.seconds * SECOND)


def object_of(body: Body, at: int) -> Line:
    """The object of a line. An event or a change carries its own `at`, the data's time, not the journal's stamp."""
    return {"reachd": f"{KINDS[type(body)]}/{VERSION}", **_WRITERS[type(body)](body, text_of(at))}


def _record(record: Record, at: str) -> Line:
    line: Line = {
        "id": record.id,
        "at": at,
        "due": text_of(record.due),
        "began": text_of(record.began),
        "seconds": record.seconds,
        "purpose": record.purpose,
    }
    if record.of is not None:
        line["of"] = record.of
    line["attempt"] = record.attempt
    line["agent"] = record.agent
    line["config"] = record.config
    line["version"] = record.version
    line["series"] = _series(record.series)
    line["timings"] = [_timing(timing) for timing in record.timings]
    failure = record.failure
    line["failure"] = failure and {"phase": failure.phase, "kind": failure.kind, "detail": failure.detail}
    line["facts"] = _facts(record.facts)
    return line


def _series(series: Series) -> Line:
    return {
        "service": series.service,
        "role": series.role,
        "endpoint": series.endpoint,
        "probe": series.probe,
        "vantage": series.vantage,
        "family": series.family,
    }


def _timing(timing: Timing) -> Line:
    return {"phase": timing.phase, "begin": timing.begin, "seconds": timing.seconds}


def _facts(facts: Facts) -> Line:
    """Only what was seen: a fact that is absent was not looked at."""
    line: Line = {name: value for name, default in _FACTS if (value := getattr(facts, name)) != default}
    if facts.answers:
        line["answers"] = [_answer(answer) for answer in facts.answers]
    if facts.tcp is not None:
        line["tcp"] = {field.name: getattr(facts.tcp, field.name) for field in fields(facts.tcp)}
    if facts.diagnosis is not None:
        line["diagnosis"] = _diagnosis(facts.diagnosis)
    if facts.extra:
        line["extra"] = facts.extra
    return line


def _answer(answer: Answer) -> Line:
    return {name: value for name, default in _ANSWER if (value := getattr(answer, name)) != default}


def _diagnosis(diagnosis: Diagnosis) -> Line:
    cells = [
        {name: value for name, default in _CELL if (value := getattr(cell, name)) != default}
        for cell in diagnosis.cells
    ]
    return {"finding": diagnosis.finding, "cells": cells}


def _plan(plan: PlanRow, at: str) -> Line:
    return {
        "at": at,
        "config": plan.config,
        "vantages": {name: {"country": place.country, "asn": place.asn} for name, place in plan.vantages.items()},
        "services": {name: {"side": side} for name, side in plan.services.items()},
        "assignments": [
            {
                "series": _series(planned.series),
                "every": planned.every,
                "offset": planned.offset,
                "timeout": planned.timeout,
                "config": planned.config,
            }
            for planned in plan.assignments
        ],
        "changed": plan.changed,
        "flash": plan.flash,
    }


def _event(event: Event, _at: str) -> Line:
    scope, (earliest, latest) = event.scope, event.onset
    return {
        "id": event.id,
        "revision": event.revision,
        "at": text_of(event.at),
        "state": event.state,
        "kind": event.kind,
        "service": event.service,
        "roles": event.roles,
        "mechanism": event.mechanism,
        "mechanisms": event.mechanisms,
        "scope": {
            "vantages": scope.vantages,
            "countries": scope.countries,
            "asns": scope.asns,
            "endpoints": scope.endpoints,
        },
        "onset": {"earliest": text_of(earliest), "latest": text_of(latest)},
        "detected": text_of(event.detected),
        "reopened": _moment(event.reopened),
        "ended": _moment(event.ended),
        "confidence": event.confidence,
        "comparators": event.comparators,
        "evidence": event.evidence,
        "summary": event.summary,
        "against": event.against,
    }


def _change(change: Change, _at: str) -> Line:
    return {
        "at": text_of(change.at),
        "series": _series(change.series),
        "direction": change.direction,
        "phase": change.phase,
        "kind": change.kind,
        "before": _moment(change.before or None),
        "after": text_of(change.after),
        "confidence": change.confidence,
        "evidence": change.evidence,
    }


def _moment(moment: int | None) -> str | None:
    return None if moment is None else text_of(moment)


def _heartbeat(beat: Heartbeat, at: str) -> Line:
    return {
        "at": at,
        "vantage": beat.vantage,
        "control": beat.control,
        "families": beat.families,
        "clock_offset": beat.clock_offset,
    }


def _clock(step: ClockStep, at: str) -> Line:
    return {"at": at, "seconds": step.seconds}


def _gap(gap: Gap, at: str) -> Line:
    return {
        "at": at,
        "series": _series(gap.series),
        "first": text_of(gap.first),
        "last": text_of(gap.last),
        "every": gap.every,
        "reason": gap.reason,
    }


def _state(state: State, at: str) -> Line:
    return {
        "at": at,
        "service": state.service,
        "vantage": state.vantage,
        "state": state.state,
        "availability": state.availability,
        "score": state.score,
        "baseline": state.baseline,
    }


def _health(health: Health, at: str) -> Line:
    return {"at": at, "figures": health.figures}


def _rollup(rollup: Rollup, at: str) -> Line:
    spread = rollup.latency
    return {
        "at": at,
        "series": _series(rollup.series),
        "start": text_of(rollup.start),
        "width": rollup.width,
        "n": rollup.n,
        "ok": rollup.ok,
        "failures": rollup.failures,
        "local": rollup.local,
        "skipped": rollup.skipped,
        "latency": spread and {f"{field.name}_us": getattr(spread, field.name) for field in fields(spread)},
    }


def _annotation(annotation: Annotation, at: str) -> Line:
    return {"at": at, "text": annotation.text, "author": annotation.author}


def _delivery(delivery: Delivery, at: str) -> Line:
    return {"at": at, **{field.name: getattr(delivery, field.name) for field in fields(delivery)}}


_WRITERS: dict[type, Callable[[Any, str], Line]] = {
    Record: _record,
    PlanRow: _plan,
    Heartbeat: _heartbeat,
    ClockStep: _clock,
    Gap: _gap,
    Change: _change,
    Event: _event,
    State: _state,
    Health: _health,
    Rollup: _rollup,
    Annotation: _annotation,
    Delivery: _delivery,
}
