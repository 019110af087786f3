"""What a story looks like: a TOML file of places, services, spans of trouble, and the events that must come of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from config.faults import ConfigError, Fault, Origin, meant, one_of
from config.quantities import duration
from config.reading import Model, Part, Unreadable, fill, members, read, tables
from daemon.stories.ways import PHASES, WAYS

Kind = Literal["block", "throttle", "unreachable", "service_outage", "network_outage", "vantage_outage"]


class Frozen(BaseModel):
    """Read once, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Head(Frozen):
    """The top of a story."""

    title: str
    lasts: str
    every: str = "1m"
    usual_loss: float = Field(default=0.002, ge=0, le=0.5)
    """Share of the probes that fail when all is well."""


class PlaceKeys(Frozen):
    """A vantage."""

    country: str = ""
    asn: int | None = None
    usual_loss: float | None = Field(default=None, ge=0, le=0.5)


class ServiceKeys(Frozen):
    """A service; each endpoint is `role probe target`."""

    side: Literal["foreign", "domestic", "control"]
    endpoints: tuple[str, ...] = Field(min_length=1)


class SpanKeys(Frozen):
    """A stretch of trouble."""

    since: str
    until: str | None = None
    what: str
    services: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    vantages: tuple[str, ...] = ()
    share: float = Field(default=1.0, gt=0, le=1)
    times: float = Field(default=4.0, gt=0)
    """How much slower, where it is slower."""


class ExpectKeys(Frozen):
    """An event that must come."""

    kind: Kind
    service: str | None = None
    mechanism: str = ""
    vantages: tuple[str, ...] = ()
    since: str
    until: str | None = None
    within: str = "10m"


@dataclass(frozen=True, slots=True)
class Story:
    """A story as read; durations stay texts that were found to be such."""

    name: str
    head: Head
    vantages: dict[str, PlaceKeys]
    services: dict[str, ServiceKeys]
    spans: tuple[SpanKeys, ...]
    expected: tuple[ExpectKeys, ...]


def seconds(text: str | None, otherwise: float) -> float:
    """A duration of a story in seconds, or what stands for none."""
    return otherwise if text is None else duration(text)


def shipped() -> list[Path]:
    """The stories that come with the program, by name."""
    return sorted(Path(str(files("daemon.stories"))).glob("*.toml"))


def read_story(path: Path) -> Story:
    """Read and check a story. Raises ConfigError with all mistakes, each with line and key."""
    faults: list[Fault] = []
    try:
        source = read(path, str(path), faults)
    except Unreadable as fault:
        raise ConfigError([Fault(Origin(str(path), 1), str(fault))]) from None
    if source is None:
        raise ConfigError(faults)
    beside = frozenset({"vantages", "services", "spans", "expect"})
    top = {key: value for key, value in source.data.items() if key not in beside}
    head = fill(Head, Part(source, (), top, beside), faults)
    vantages = dict(_filled(PlaceKeys, tables(source, "vantages", faults), faults))
    services = dict(_filled(ServiceKeys, tables(source, "services", faults), faults))
    spans = list(members(source, "spans", faults))
    expected = list(members(source, "expect", faults))
    story = None
    if head is not None:
        story = Story(path.stem, head, vantages, services, _all(SpanKeys, spans, faults),
                      _all(ExpectKeys, expected, faults))  # fmt: skip
    if not faults and story is not None:
        top_part = Part(source, (), top)
        faults += [*_empty(top_part, story), *_durations(top_part, ("lasts", "every"))]
        faults += _endpoints(source.data["services"], Part(source, ("services",), {})) if story.services else []
        for part in spans:
            faults += [*_durations(part, ("since", "until")), *_names(part, story), *_way(part)]
        for part in expected:
            faults += [*_durations(part, ("since", "until", "within")), *_names(part, story)]
    if faults or story is None:
        raise ConfigError(faults)
    return story


def _filled(model: type[Model], parts: Iterable[tuple[str, Part]], faults: list[Fault]) -> Iterable[tuple[str, Model]]:
    for name, part in parts:
        filled = fill(model, part, faults)
        if filled is not None:
            yield name, filled


def _all(model: type[Model], parts: Iterable[Part], faults: list[Fault]) -> tuple[Model, ...]:
    return tuple(one for _name, one in _filled(model, (("", part) for part in parts), faults))


def _empty(part: Part, story: Story) -> Iterable[Fault]:
    for key, found in (("vantages", story.vantages), ("services", story.services)):
        if not found:
            yield part.fault(f"is missing: a story needs at least one [{key}.NAME]", key)


def _durations(part: Part, keys: Iterable[str]) -> Iterable[Fault]:
    for key in keys:
        if key in part.table:
            try:
                duration(part.table[key])
            except ValueError as fault:
                yield part.fault(str(fault), key)


def _names(part: Part, story: Story) -> Iterable[Fault]:
    """Names that the story does not define."""
    for key, known in (("services", story.services), ("vantages", story.vantages)):
        for name in part.table.get(key, ()):
            if name not in known:
                yield part.fault(f"{name!r} is none of this story's {key}{meant(name, known)}", key)
    service = part.table.get("service")
    if service is not None and service not in story.services:
        yield part.fault(f"{service!r} is none of this story's services{meant(service, story.services)}", "service")


def _way(part: Part) -> Iterable[Fault]:
    what = part.table["what"]
    if what not in WAYS:
        yield part.fault(f"{what!r} is not known; write {one_of(WAYS)}{meant(what, WAYS)}", "what")


def _endpoints(services: dict[str, dict[str, list[str]]], part: Part) -> Iterable[Fault]:
    for name, table in services.items():
        for endpoint in table["endpoints"]:
            words = endpoint.split()
            if len(words) != 3 or words[1] not in PHASES:
                what = f'{endpoint!r} must be "role probe target", the probe {one_of(PHASES)}'
                yield part.fault(what, name, "endpoints")
