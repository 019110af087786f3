"""The parts of a record that repeat (set-up, names, page, what is odd): as keys, as JSON, as facts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Any

from daemon.journal import diagnoses
from daemon.journal.intern import Key
from probes.record import Answer, Facts, Failure, Kind, Phase, Purpose, Record

# Facts fall into parts by what makes them change, so that numbers repeat: the set-up of the path, what DNS said, what a
# page said of itself, and what may be different every time. A new field of Facts is set-up unless it is named here.
VOLATILE = ("answers", "first_byte", "loop_lag", "bytes_in", "bytes_out", "tcp")
"""Facts that stand in the row itself, as integers."""
_NAMED = ("address", "addresses")
_PAGE = ("location", "server")
_ODD = ("icmp_from", "body")
_SETUP = tuple(f.name for f in fields(Facts) if f.name not in {*VOLATILE, *_NAMED, *_PAGE, *_ODD, "extra", "diagnosis"})
_RUN = ("purpose", "attempt", "agent", "config", "version")
_SAID = tuple(f.name for f in fields(Answer) if f.name not in {"arrival", "ttl"})

_setup_of = attrgetter(*_SETUP)
_odd_of = attrgetter(*_ODD)
_said_of = attrgetter(*_SAID)

_NAMES = {
    "setup": (*_RUN, "phases", "failed_phase", "failed_kind", *_SETUP),
    "named": (*_NAMED, "said"),
    "page": _PAGE,
    "odd": ("of", "detail", *_ODD, "extra", "diagnosis"),
}
_DEFAULTS: dict[str, object] = {f.name: f.default for f in fields(Facts) if f.default is not MISSING} | {
    "phases": (),
    "failed_phase": None,
    "failed_kind": None,
    "said": (),
    "of": None,
    "detail": None,
    "extra": (),
}
_NOT_GIVEN = object()


def keys(record: Record) -> tuple[Key, Key, Key, Key]:
    """The set-up, what DNS said, the page and the odd part of a record, each as a tuple that can be looked up."""
    facts = record.facts
    failure = record.failure
    failed = (None, None, None) if failure is None else (failure.phase, failure.kind, failure.detail)
    phases = tuple([timing.phase for timing in record.timings])
    run = (
        "setup",
        record.purpose,
        record.attempt,
        record.agent,
        record.config,
        record.version,
        phases,
        failed[0],
        failed[1],
    )
    said = tuple([_said_of(answer) for answer in facts.answers])
    extra = tuple(facts.extra.items()) if facts.extra else ()
    return (
        run + _setup_of(facts),
        ("named", facts.address, facts.addresses, said),
        ("page", facts.location, facts.server),
        ("odd", record.of, failed[2], *_odd_of(facts), extra, diagnoses.pack(facts.diagnosis)),
    )


def content_of(key: Key) -> dict[str, Any]:
    """A key with its names and without its defaults: what is written down."""
    part = str(key[0])
    pairs = zip(_NAMES[part], key[1:], strict=True)
    return {"part": part, **{name: value for name, value in pairs if value != _DEFAULTS.get(name, _NOT_GIVEN)}}


def key_of(content: Mapping[str, Any]) -> Key:
    """The key whose content this is."""
    part = content["part"]
    return (part, *(_frozen(content.get(name, _DEFAULTS.get(name))) for name in _NAMES[part]))


def to_text(key: Key) -> bytes:
    """Content as stored under a number."""
    return json.dumps(content_of(key), separators=(",", ":")).encode()


def _frozen(value: Any) -> Any:  # noqa: ANN401  JSON has no type of its own
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Setup:
    """Decoded set-up: the run's own fields, the phases it went through, how it failed, its facts."""

    run: tuple[Purpose, int, str, str, str]
    phases: tuple[Phase, ...]
    failed: tuple[Phase, Kind] | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """What DNS said, decoded: its facts, and what each answer held besides its moment."""

    facts: dict[str, Any]
    said: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page said of itself, decoded."""

    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Odd:
    """What may be different every time, decoded."""

    of: str | None
    detail: str
    facts: dict[str, Any]
    extra: dict[str, str]


Part = Setup | Named | Page | Odd


def part_of(content: Mapping[str, Any]) -> Part:
    """Content, as read from JSON, in the form that records are built from. Raises ValueError if it is none."""
    try:
        return _BUILDERS[content["part"]]({name: _frozen(value) for name, value in content.items()})
    except (KeyError, TypeError) as fault:
        raise ValueError(f"a stored fact cannot be read: {fault!r}") from fault


def _setup(content: Mapping[str, Any]) -> Setup:
    purpose, attempt, agent, config, version = (content[name] for name in _RUN)
    failed = (Phase(content["failed_phase"]), Kind(content["failed_kind"])) if "failed_phase" in content else None
    phases = tuple(map(Phase, content.get("phases", ())))
    return Setup((Purpose(purpose), attempt, agent, config, version), phases, failed, _only(_SETUP, content))


def _named(content: Mapping[str, Any]) -> Named:
    # Not strict: an answer written before a field was added is shorter, and the field's default holds.
    said = tuple(dict(zip(_SAID, answer, strict=False)) for answer in content.get("said", ()))
    return Named(_only(_NAMED, content), said)


def _page(content: Mapping[str, Any]) -> Page:
    return Page(_only(_PAGE, content))


def _odd(content: Mapping[str, Any]) -> Odd:
    facts = _only(_ODD, content)
    if "diagnosis" in content:
        facts["diagnosis"] = diagnoses.unpack(content["diagnosis"])
    return Odd(content.get("of"), content.get("detail", ""), facts, dict(content.get("extra", ())))


_BUILDERS: dict[str, Callable[[Mapping[str, Any]], Part]] = {
    "setup": _setup,
    "named": _named,
    "page": _page,
    "odd": _odd,
}


def _only(names: tuple[str, ...], content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in names if name in content}


def failure_of(setup: Setup, odd: Odd) -> Failure | None:
    """The failure that set-up and odd part hold together."""
    return None if setup.failed is None else Failure(*setup.failed, odd.detail)
