"""The whole configuration: reachd.toml with the service files it names, validated before anything starts."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from config.candidates import candidates, clashes, hopeless
from config.faults import ConfigError, Fault, Origin, meant
from config.names import plain_name
from config.quantities import in_words
from config.reading import Model, Part, Source, Unreadable, fill, members, read, tables
from config.sections import Alert, Detect, Influxdb, Limit, LimitKeys, Retention, Web, folder_of, own_addresses
from config.service import Listed, OverrideKeys, Service, override, read_services, shipped_services
from config.vantage import VantageSetting, read_vantages
from probes.plugin import Options

WAITING = {
    (
        "detect",
        "false_events",
    ): "detection goes by three failures in a row until its thresholds are derived from a rate",
}
"""Keys that a later version will use."""
SECTIONS = ("vantages", "influxdb", "web", "alerts", "retention", "override", "detect", "limits")


class TopKeys(Options):
    """`reachd.toml`: the keys at the top, before the first section."""

    services: tuple[str, ...] = Field(min_length=1, description='for example services = ["whatsapp", "controls"]')
    """What is measured: names of shipped services, and paths (with / or .toml) of your own."""
    journal: str = Field(default="reachd-data/journal.db", min_length=1)
    """The file that keeps every result."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the operator wrote, complete and valid; equal texts give equal documents."""

    file: str
    services: tuple[Service, ...]
    """By name, overrides applied."""
    vantages: tuple[VantageSetting, ...]
    """By name."""
    journal: Path
    influxdb: Influxdb | None
    web: Web | None
    """None where the file has no `[web]`: there is no page then."""
    alerts: Mapping[str, Alert]
    retention: Retention
    detect: Detect
    limits: tuple[Limit, ...]
    notices: tuple[str, ...]
    """What is accepted without effect, and what the operator should know; one sentence each, `file:line:` first."""


def example() -> Path:
    """The configuration that runs where none is named."""
    return Path(str(files("config").joinpath("example.toml")))


def starter() -> str:
    """The commented reachd.toml that `reachd init` writes."""
    return files("config").joinpath("init.toml").read_text(encoding="utf-8")


def load(path: Path | None) -> Document:
    """Read a configuration, or the shipped example for None. Raises ConfigError with all faults of all files."""
    faults: list[Fault] = []
    shown = str(path or example())
    try:
        source = read(path or example(), shown, faults)
    except Unreadable as fault:
        raise ConfigError([Fault(Origin(shown, 1), str(fault))]) from None
    if source is None:
        raise ConfigError(faults)
    folder = source.folder if path else folder_of(os.environ.get("STATE_DIRECTORY"), Path.cwd())
    document = _assemble(source, folder, faults)
    if faults:
        raise ConfigError(faults)
    return document


def _assemble(source: Source, folder: Path, faults: list[Fault]) -> Document:
    """Read every section, whatever is wrong with the others."""
    top = {key: value for key, value in source.data.items() if key not in SECTIONS}
    keys = fill(TopKeys, Part(source, (), top, frozenset(SECTIONS)), faults)
    listed = read_services(source, faults)
    vantages = read_vantages(source, faults)
    document = Document(
        file=source.file,
        services=tuple(_overridden(source, listed, faults)),
        vantages=vantages,
        journal=folder / Path(keys.journal if keys else "").expanduser(),
        influxdb=_section(Influxdb, source, "influxdb", faults),
        web=_section(Web, source, "web", faults),
        alerts={name: alert for name, part in tables(source, "alerts", faults) if (alert := fill(Alert, part, faults))},
        retention=_section(Retention, source, "retention", faults) or Retention(),
        detect=_section(Detect, source, "detect", faults) or Detect(),
        limits=tuple(_limits(source, faults)),
        notices=tuple(_notices(source, vantages)),
    )
    faults.extend(_crossed(source, document, listed))
    return document


def _section(model: type[Model], source: Source, key: str, faults: list[Fault]) -> Model | None:
    """A section that may be absent."""
    if key not in source.data:
        return None
    table = source.data[key]
    if not isinstance(table, dict):
        faults.append(source.fault(f"must be a table: [{key}]", key))
        return None
    return fill(model, Part(source, (key,), table), faults)


def _limits(source: Source, faults: list[Fault]) -> Iterator[Limit]:
    """The operator's own addresses."""
    for part in members(source, "limits", faults):
        keys = fill(LimitKeys, part, faults)
        if keys is not None:
            yield own_addresses(keys, source.origin(*part.path))


def _overridden(source: Source, listed: Listed, faults: list[Fault]) -> Iterator[Service]:
    """The services, each with its override."""
    services = {service.name: service for service in listed.services}
    for name, part in tables(source, "override", faults):
        if name not in listed.names and listed.complete:
            faults.append(part.fault(f"is no service that is listed{meant(name, listed.names)}"))
        keys = fill(OverrideKeys, part, faults)
        if keys is not None and name in services:
            services[name] = override(services[name], keys, source.origin(*part.path))
            faults.extend(part.fault(what, "timeout") for what in _overlaps(services[name]))
    yield from services.values()


def _overlaps(service: Service) -> Iterator[str]:
    """Timeouts that an override made longer than the interval."""
    found = [endpoint for endpoint in service.endpoints if endpoint.timeout > endpoint.every]
    if found:
        others = f" and {len(found) - 1} other endpoints" if len(found) > 1 else ""
        first = f"every = {in_words(found[0].every)!r} of {found[0].label}"
        yield f"is longer than {first}{others}: runs would overlap"


def _crossed(source: Source, document: Document, listed: Listed) -> Iterator[Fault]:
    """What is wrong between sections."""
    if document.web is not None and document.web.public and document.web.token is None:
        yield source.fault("is missing: a page that others can reach needs { file = … } or { env = … }", "web", "token")
    names = [vantage.name for vantage in document.vantages]
    for name, alert in document.alerts.items():
        try:
            plain_name(name)
        except ValueError as fault:
            yield source.fault(f"the name of an alert {fault}", "alerts", name)
        if alert.via is not None and alert.via not in names:
            yield source.fault(f"{alert.via!r} is no vantage{meant(alert.via, names)}", "alerts", name, "via")
        if any(vantage.name == alert.via and not vantage.options.straight for vantage in document.vantages):
            behind = f"{alert.via} is behind a proxy, which an alert cannot go through yet"
            yield source.fault(behind, "alerts", name, "via")
    unlisted = list(_unlisted(source, document, listed.names)) if listed.complete else []
    # A service that seems measured from nowhere may only be misspelt under a vantage.
    yield from unlisted or _unmeasured(source, document, listed)
    found = candidates(document.services, document.vantages)
    yield from clashes(found)
    if len(document.vantages) == len(_keys(source, "vantages")):  # one that is wrong might have carried it
        yield from hopeless(found)


def _unlisted(source: Source, document: Document, known: tuple[str, ...]) -> Iterator[Fault]:
    """Services that a vantage names and nobody lists."""
    for vantage in document.vantages:
        for index, name in enumerate(vantage.services or ()):
            if name not in known:
                add = "; add it to services at the top" if name in shipped_services() else meant(name, known)
                yield source.fault(
                    f"{name!r} is none of the services listed{add}", "vantages", vantage.name, "services", index
                )


def _unmeasured(source: Source, document: Document, listed: Listed) -> Iterator[Fault]:
    """Services that no vantage measures."""
    everything = any(vantage.services is None for vantage in document.vantages)
    if not document.vantages or everything:
        return
    measured = {name for vantage in document.vantages for name in vantage.services or ()}
    for service in listed.services:
        if service.name not in measured:
            index = listed.places[service.name]
            yield source.fault(
                f"{service.name} is measured from no vantage: name it under services of one, or remove it",
                "services",
                index,
            )


def _notices(source: Source, vantages: tuple[VantageSetting, ...]) -> Iterator[str]:
    """What is accepted without effect, and what will be missed in the results."""
    waiting = [(path, words) for path, words in WAITING.items() if _written(source, path)]
    for path, words in waiting:
        yield str(source.fault(f"has no effect yet: {words}", *path))
    for vantage in vantages:
        absent = [key for key, value in (("country", vantage.country), ("asn", vantage.asn)) if not value]
        if absent:
            yield str(
                Fault(
                    vantage.origin,
                    f"no {' and no '.join(absent)}: a block and an outage cannot be told apart from here",
                )
            )


def _written(source: Source, path: tuple[str, ...]) -> bool:
    """True where a key stands in the file."""
    return path in source.places


def _keys(source: Source, key: str) -> list[str]:
    """The names of the tables below a key."""
    found = source.data.get(key)
    return list(found) if isinstance(found, dict) else []
