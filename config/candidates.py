"""Series that a configuration asks for, and what is wrong with them: clashes, and endpoints that nobody can carry."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from config.endpoint import Endpoint
from config.faults import Fault, Origin
from config.names import family_of
from config.service import Service
from config.vantage import VantageSetting
from probes.plugin import ProbeOptions
from probes.record import Family, Series, series_parts
from probes.steps.resolver import parse_resolver


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
        return self.options.needed(self.vantage.resolver) <= self.vantage.carries and (
            family is None or family in families
        )


def candidates(services: Iterable[Service], vantages: Iterable[VantageSetting]) -> list[Candidate]:
    """Every endpoint at every vantage that measures its service, in the order of their series."""
    places = tuple(vantages)
    found = (each for service in services for each in _measured(service, places))
    return sorted(found, key=lambda each: series_parts(each.series))


def _measured(service: Service, vantages: Iterable[VantageSetting]) -> Iterator[Candidate]:
    for vantage in vantages:
        if vantage.services is None or service.name in vantage.services:
            for endpoint in service.endpoints:
                yield from _variants(service, endpoint, vantage)


def _variants(service: Service, endpoint: Endpoint, vantage: VantageSetting) -> Iterator[Candidate]:
    for family in families_at(endpoint.options, endpoint.families, vantage.carries):
        for name, options in endpoint.options.variants(family):
            series = Series(service.name, endpoint.role, name or endpoint.label, endpoint.probe, vantage.name, family)
            yield Candidate(series, options, service, endpoint, vantage)


def families_at(options: ProbeOptions, families: tuple[str, ...], carries: frozenset[str]) -> tuple[str, ...]:
    """The families of a target's series at a vantage: once, as any, where a name is looked up by a far end."""
    by_name = any(family_of(host) is None for host in options.contacts())
    return (Family.ANY,) if by_name and not options.asks and "remote_names" in carries else families


def carrier(family: str, options: ProbeOptions, resolver: str) -> str | None:
    """The address family that the traffic of a series needs; None where any will do."""
    if not options.asks:
        return family
    # The family of a dns series is what it asks for; what carries the question is the resolver's own address.
    return family_of((*options.contacts(), parse_resolver(resolver).address)[0])


def clashes(found: Iterable[Candidate]) -> Iterator[Fault]:
    """Endpoints of one service that would write into one series."""
    first: dict[Series, Endpoint] = {}
    for each in found:
        other = first.setdefault(each.series, each.endpoint)
        if other is not each.endpoint:
            there, here = sorted((each.endpoint.origin, other.origin))
            twice = f"{each.series.endpoint} is measured twice by probe {each.series.probe} as {each.series.role}"
            yield Fault(here, f"{twice}, here and in line {there.line}: give one of them a name")


def uncarried(found: Iterable[Candidate]) -> Iterator[tuple[Candidate, str]]:
    """Endpoints that no vantage could ever carry, each with one of its candidates and the reason."""
    grouped: dict[tuple[str, Origin], list[Candidate]] = {}
    for each in found:
        grouped.setdefault((each.series.endpoint, each.endpoint.origin), []).append(each)
    for (name, _origin), members in grouped.items():
        if not any(each.carried(each.vantage.possible) for each in members):
            yield members[0], f"{name} cannot be carried by any vantage of its service: {_lack(members[0])}"


def lacking(found: Iterable[Candidate]) -> Iterator[tuple[VantageSetting, str]]:
    """What a vantage can never carry and another one does: per vantage and reason, with an example and the number."""
    candidates_ = list(found)
    nowhere = {each.endpoint.origin for each, _why in uncarried(candidates_)}
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for each in candidates_:
        if not each.carried(each.vantage.possible) and each.endpoint.origin not in nowhere:
            groups.setdefault((each.vantage.name, _lack(each)), []).append(each)
    for (_name, why), members in groups.items():
        more = f" and {len(members) - 1} more series" if len(members) > 1 else ""
        yield members[0].vantage, f"{members[0].series.endpoint}{more}: {why}"


def hopeless(found: Iterable[Candidate]) -> Iterator[Fault]:
    """Those of the operator's own files, as faults; what is shipped nobody can change: it is left out with a notice."""
    for each, why in uncarried(found):
        if not each.service.shipped:
            yield Fault(each.endpoint.origin, why)


def _lack(candidate: Candidate) -> str:
    """What a vantage lacks for a series."""
    missing = candidate.options.needed(candidate.vantage.resolver) - candidate.vantage.carries
    if "system_dns" in missing:
        return f"no resolver is named for {candidate.vantage.name}, and the machine's own does not speak for it"
    if missing:
        return f"a vantage of type {candidate.vantage.type} carries no {' and no '.join(sorted(missing))}"
    family = carrier(candidate.series.family, candidate.options, candidate.vantage.resolver) or ""
    return (
        f"{candidate.vantage.name} can only have {', '.join(sorted(candidate.vantage.possible))}, this needs {family}"
    )
