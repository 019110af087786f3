"""Services and their endpoints: one TOML file each, shipped by name or the operator's own by path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import Field, field_validator

from config.endpoint import Endpoint, read_endpoint
from config.faults import Fault, Origin, listed, meant
from config.names import Name, Side
from config.quantities import Interval, Timeout
from config.reading import Part, Source, Unreadable, fill, read
from probes.plugin import Options


class ServiceKeys(Options):
    """`services/NAME.toml`: the top of a service file."""

    name: Name = Field(description="give the name that records and tags will carry")
    """The service in records, tags and `reachd.toml`."""
    title: str = Field(min_length=1, description="give the name that people know it by")
    """The service for people."""
    side: Side = Field(description="write foreign, domestic or control")
    """What its silence would mean: a foreign service may be blocked, a domestic one shows that the line works,
    a control that nobody has a reason to block shows that the vantage is well."""
    endpoints: tuple[dict[str, object], ...] = Field(min_length=1, description="add [[endpoints]]")
    """What is measured, as `[[endpoints]]`."""

    @field_validator("endpoints", mode="before")
    @classmethod
    def _are_tables(cls, endpoints: object) -> object:
        if isinstance(endpoints, dict):
            raise ValueError("must be an array of tables: [[endpoints]]")  # noqa: TRY004  pydantic reports ValueErrors
        return (
            tuple(endpoints) if isinstance(endpoints, list) else endpoints
        )  # strict: what a validator returns is no JSON


class OverrideKeys(Options):
    """`[override.NAME]`: what the operator changes of all endpoints of a service."""

    every: Interval | None = None
    """The interval of all its endpoints; a timeout that is longer is cut to it."""
    timeout: Timeout | None = None
    """The timeout of all its endpoints."""


@dataclass(frozen=True, slots=True)
class Service:
    """What users know by name, with its endpoints in the order of the file."""

    name: str
    title: str
    side: str
    endpoints: tuple[Endpoint, ...]
    shipped: bool
    """True for one that comes with the program: the operator cannot be told to change it."""
    origin: Origin = field(compare=False, repr=False)


@cache
def shipped_services() -> tuple[str, ...]:
    """The names of the services that come with the program."""
    folder = files("config").joinpath("services")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


@dataclass(frozen=True, slots=True)
class Listed:
    """What `services` of the main file came to."""

    services: tuple[Service, ...]
    """Those without a fault, by name."""
    names: tuple[str, ...]
    """Of all whose name is known, those with faults included."""
    places: Mapping[str, int]
    """Where in the list each stands."""
    complete: bool
    """False where a file could not be read, so that a name may be unknown for that reason."""


def read_services(main: Source, faults: list[Fault]) -> Listed:
    """The services that the main file lists; faults of all their files are added."""
    found: dict[str, Service] = {}
    places: dict[str, int] = {}
    complete = True
    for index, entry in _entries(main):
        here = main.origin("services", index)
        source = _source(main, entry, here, faults)
        name = source.data.get("name") if source else None
        if source is None or not isinstance(name, str):
            complete = False
        elif name in places:
            faults.append(Fault(here, _second(entry, name)))
        else:
            places[name] = index
        service = read_service(source, faults, shipped=entry in shipped_services()) if source else None
        if service is not None:
            found.setdefault(service.name, service)
    return Listed(tuple(found[name] for name in sorted(found)), tuple(places), places, complete)


def _second(entry: str, name: str) -> str:
    """What is wrong with a name that is there already."""
    if entry == name:
        return f"{name} stands here twice"
    return f"{entry} is a second service named {name}: rename it in its file, or remove one"


def _entries(main: Source) -> list[tuple[int, str]]:
    """The entries of `services` that are texts; what else stands there is told by the keys at the top."""
    found = main.data.get("services")
    if not isinstance(found, list):
        return []
    return [(index, name.strip()) for index, name in enumerate(found) if isinstance(name, str)]


def _source(main: Source, name: str, here: Origin, faults: list[Fault]) -> Source | None:
    """The file behind an entry of `services`: a shipped name, or a path."""
    if "/" in name or name.endswith(".toml"):
        path, shown = main.folder / Path(name).expanduser(), str(Path(main.file).parent / name)
    elif name in shipped_services():
        path = Path(str(files("config").joinpath("services", f"{name}.toml")))
        shown = str(path)
    else:
        choices = shipped_services()
        shipped = f"there are {listed(choices)}, and paths with / or .toml"
        faults.append(Fault(here, f"{name!r} is no service; {shipped}{meant(name, choices)}"))
        return None
    try:
        return read(path, shown, faults)
    except Unreadable as fault:
        faults.append(Fault(here, f"{name} {fault}"))
        return None


def read_service(source: Source, faults: list[Fault], *, shipped: bool) -> Service | None:
    """The service of a file; None with faults where it has any."""
    before = len(faults)
    keys = fill(ServiceKeys, Part(source, (), source.data), faults)
    endpoints = [read_endpoint(part, faults) for part in _endpoints(source)]
    if keys is None or len(faults) > before:
        return None
    whole = tuple(endpoint for endpoint in endpoints if endpoint is not None)
    return Service(keys.name, keys.title, keys.side, whole, shipped, source.origin("name"))


def _endpoints(source: Source) -> Iterator[Part]:
    """The members of `[[endpoints]]`; what is no table is told by ServiceKeys."""
    found = source.data.get("endpoints")
    for index, table in enumerate(found if isinstance(found, list) else []):
        if isinstance(table, dict):
            yield Part(source, ("endpoints", index), table)


def override(service: Service, keys: OverrideKeys, origin: Origin) -> Service:
    """A service with an override applied; where only `every` is given, timeouts are cut to it."""
    every, timeout = keys.every, keys.timeout
    changed = [
        replace(
            endpoint,
            every=every or endpoint.every,
            timeout=timeout or min(endpoint.timeout, every or endpoint.every),
            origin=origin if every else endpoint.origin,
        )
        for endpoint in service.endpoints
    ]
    return replace(service, endpoints=tuple(changed))
