"""From a document to assignments: pure and deterministic, so that a restart changes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from config.candidates import Candidate, candidates, carrier, clashes, hopeless, lacking, uncarried
from config.document import Document
from config.faults import ConfigError, Fault, Origin
from config.names import BOTH
from config.service import Service
from config.slots import offset_of
from config.vantage import VantageSetting
from probes.plugin import ProbeOptions
from probes.record import Series, series_parts, short_hash


@dataclass(frozen=True, slots=True)
class Assignment:
    """One series to measure: every `every` seconds at `offset`, each run within `timeout` seconds."""

    series: Series
    options: ProbeOptions
    every: int
    offset: int
    timeout: float
    resolver: str
    """The vantage's resolver: `system`, an address, or a URL such as `tcp://address`."""
    config: str
    """Hash of what changes the meaning of the records: options, vantage, resolver, timeout; not the interval."""
    version: str
    """`tls/1`."""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs: assignments in the order of their series, and what a record's names stand for."""

    assignments: tuple[Assignment, ...]
    vantages: Mapping[str, VantageSetting]
    services: Mapping[str, Service]
    config: str
    """Hash of everything that a plan row of the journal says."""
    notices: tuple[str, ...] = ()
    """What the document's notices say, and what cannot be measured now."""
    origins: Mapping[Series, Origin] = field(default_factory=dict, compare=False, repr=False)
    """Where the endpoint of a series is written."""


def any_family(document: Document) -> dict[str, frozenset[str]]:
    """Capabilities as if every vantage had all families that it can ever have: for a plan without a network."""
    return {vantage.name: vantage.possible for vantage in document.vantages}


def plan(document: Document, capabilities: Mapping[str, frozenset[str]]) -> Plan:
    """Lay out what is measured, given the families that each vantage has now. Raises ConfigError."""
    found = candidates(document.services, document.vantages)
    faults = [*clashes(found), *hopeless(found)]
    if faults:
        raise ConfigError(faults)
    usable = [each for each in found if each.carried(capabilities.get(each.vantage.name, BOTH))]
    assignments = tuple(_assignment(each) for each in usable)
    vantages = {vantage.name: vantage for vantage in document.vantages}
    services = {service.name: service for service in document.services}
    return Plan(
        assignments=assignments,
        vantages=vantages,
        services=services,
        config=_config(assignments, document),
        notices=(*document.notices, *_left_out(found), *_waiting(found, usable)),
        origins={each.series: each.endpoint.origin for each in found},
    )


def _assignment(candidate: Candidate) -> Assignment:
    endpoint, vantage = candidate.endpoint, candidate.vantage
    # Without defaults: an option that a later version adds must not make every probe look changed.
    meaning = (
        candidate.options.model_dump_json(exclude_defaults=True),
        vantage.type,
        vantage.options.model_dump_json(exclude_defaults=True),
        vantage.resolver,
        f"{endpoint.timeout:g}",
    )
    return Assignment(
        series=candidate.series,
        options=candidate.options,
        every=endpoint.every,
        offset=offset_of(candidate.series, endpoint.every),
        timeout=endpoint.timeout,
        resolver=vantage.resolver,
        config=short_hash(*meaning)[:8].lower(),
        version=f"{endpoint.probe}/{candidate.options.version}",
    )


def _config(assignments: Iterable[Assignment], document: Document) -> str:
    """The hash of a plan: what its row in the journal says, in one order."""
    series = (
        "\x1e".join(
            (
                *series_parts(each.series),
                str(each.every),
                str(each.offset),
                f"{each.timeout:g}",
                each.config,
                each.version,
            )
        )
        for each in assignments
    )
    vantages = (f"{vantage.name}\x1e{vantage.country}\x1e{vantage.asn or ''}" for vantage in document.vantages)
    services = (f"{service.name}\x1e{service.side}" for service in document.services)
    return short_hash(*series, *vantages, *services, f"{document.detect.flash:g}")


def _left_out(found: Iterable[Candidate]) -> Iterator[str]:
    """Endpoints that no vantage could ever carry, and those that one of several cannot."""
    for each, why in uncarried(found):
        yield str(Fault(each.endpoint.origin, f"left out: {why}"))
    for vantage, why in lacking(found):
        yield str(Fault(vantage.origin, f"left out here: {why}"))


def _waiting(found: Iterable[Candidate], usable: Iterable[Candidate]) -> Iterator[str]:
    """Series that are left out for now, counted by vantage and family."""
    planned = {each.series for each in usable}
    left: dict[tuple[str, str], int] = {}
    for each in found:
        if each.series not in planned and each.carried(each.vantage.possible):
            family = carrier(each.series.family, each.options, each.vantage.resolver) or ""
            left[each.vantage.name, family] = left.get((each.vantage.name, family), 0) + 1
    for (vantage, family), count in sorted(left.items()):
        yield f"vantage {vantage} has no {family.replace('ip', 'IP')} now: {count} series wait for it"
