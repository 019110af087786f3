"""From a document to assignments: pure and deterministic, so that a restart changes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from config.document import Document
from config.endpoint import Endpoint
from config.faults import ConfigError, Fault, Origin
from config.names import BOTH, family_of
from config.service import Service
from config.slots import offset_of
from config.vantage import VantageSetting
from probes.plugin import ProbeOptions
from probes.record import Series, series_parts, short_hash
from probes.steps.resolver import parse_resolver


@dataclass(frozen=True, slots=True)
class Assignment:
    """One series to measure: every `every` seconds at `offset`, each run within `timeout` seconds."""

    series: Series
    options: ProbeOptions
    every: int
    offset: int
    timeout: float
    resolver: str
    """The vantage's resolver: `system`, an address, `tcp://address`."""
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A series that an endpoint asks for at a vantage, before it is known whether the vantage can carry it."""

    series: Series
    options: ProbeOptions
    service: Service
    endpoint: Endpoint
    vantage: VantageSetting

    def carried(self, families: frozenset[str]) -> bool:
        """True where the vantage's type carries the probe and one of its families the traffic."""
        family = carrier(self.series.family, self.options, self.vantage.resolver)
        return self.options.needs <= self.vantage.carries and (family is None or family in families)


def any_family(document: Document) -> dict[str, frozenset[str]]:
    """Capabilities as if every vantage had all families that it can ever have: for a plan without a network."""
    return {vantage.name: vantage.possible for vantage in document.vantages}


def plan(document: Document, capabilities: Mapping[str, frozenset[str]]) -> Plan:
    """Lay out what is measured, given the families that each vantage has now. Raises ConfigError."""
    candidates = sorted(_candidates(document), key=lambda candidate: series_parts(candidate.series))
    uncarried = list(_uncarried(candidates))
    faults = [Fault(each.endpoint.origin, why) for each, why in uncarried if not each.service.shipped]
    if faults := [*_clashes(candidates), *faults]:
        raise ConfigError(faults)
    usable = [each for each in candidates if each.carried(capabilities.get(each.vantage.name, BOTH))]
    assignments = tuple(_assignment(each) for each in usable)
    vantages = {vantage.name: vantage for vantage in document.vantages}
    services = {service.name: service for service in document.services}
    return Plan(
        assignments=assignments,
        vantages=vantages,
        services=services,
        config=_config(assignments, document),
        notices=(*document.notices, *(f"left out: {why}" for _each, why in uncarried), *_waiting(candidates, usable)),
        origins={each.series: each.endpoint.origin for each in candidates},
    )


def carrier(family: str, options: ProbeOptions, resolver: str) -> str | None:
    """The address family that the traffic of a series needs; None where any will do."""
    if not options.asks:
        return family
    # The family of a dns series is what it asks for; what carries the question is the resolver's own address.
    return family_of((*options.contacts(), parse_resolver(resolver).address)[0])


def _candidates(document: Document) -> Iterator[Candidate]:
    """Every endpoint at every vantage that measures its service, one for each family and variant."""
    for service in document.services:
        for vantage in document.vantages:
            if vantage.services is None or service.name in vantage.services:
                for endpoint in service.endpoints:
                    yield from _variants(service, endpoint, vantage)


def _variants(service: Service, endpoint: Endpoint, vantage: VantageSetting) -> Iterator[Candidate]:
    for family in endpoint.families:
        for name, options in endpoint.options.variants(family):
            series = Series(service.name, endpoint.role, name or endpoint.label, endpoint.probe, vantage.name, family)
            yield Candidate(series, options, service, endpoint, vantage)


def _assignment(candidate: Candidate) -> Assignment:
    endpoint, vantage = candidate.endpoint, candidate.vantage
    meaning = (
        candidate.options.model_dump_json(),
        vantage.type,
        vantage.options.model_dump_json(),
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


def _clashes(candidates: Iterable[Candidate]) -> Iterator[Fault]:
    """Endpoints of one service that would write into one series."""
    first: dict[Series, Endpoint] = {}
    for each in candidates:
        other = first.setdefault(each.series, each.endpoint)
        if other is not each.endpoint:
            there, here = sorted((each.endpoint.origin, other.origin))
            twice = f"{each.series.endpoint} is measured twice by probe {each.series.probe} as {each.series.role}"
            yield Fault(here, f"{twice}, here and in line {there.line}: give one of them a name")


def _uncarried(candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, str]]:
    """Endpoints that no vantage could ever carry, each with one of its candidates and the reason."""
    found: dict[tuple[str, Origin], list[Candidate]] = {}
    for each in candidates:
        found.setdefault((each.series.endpoint, each.endpoint.origin), []).append(each)
    for (name, _origin), members in found.items():
        if not any(each.carried(each.vantage.possible) for each in members):
            yield members[0], f"{name} cannot be carried by any vantage of its service: {_lack(members[0])}"


def _lack(candidate: Candidate) -> str:
    """What a vantage lacks for a series."""
    missing = candidate.options.needs - candidate.vantage.carries
    if missing:
        return f"a vantage of type {candidate.vantage.type} carries no {' and no '.join(sorted(missing))}"
    family = carrier(candidate.series.family, candidate.options, candidate.vantage.resolver) or ""
    return (
        f"{candidate.vantage.name} can only have {', '.join(sorted(candidate.vantage.possible))}, this needs {family}"
    )


def _waiting(candidates: Iterable[Candidate], usable: Iterable[Candidate]) -> Iterator[str]:
    """Series that are left out for now, counted by vantage and family."""
    planned = {each.series for each in usable}
    left: dict[tuple[str, str], int] = {}
    for each in candidates:
        if each.series not in planned and each.carried(each.vantage.possible):
            family = carrier(each.series.family, each.options, each.vantage.resolver) or ""
            left[each.vantage.name, family] = left.get((each.vantage.name, family), 0) + 1
    for (vantage, family), count in sorted(left.items()):
        yield f"vantage {vantage} has no {family.replace('ip', 'IP')} now: {count} series wait for it"
