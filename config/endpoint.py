"""Endpoints: the keys that all have, and the options that belong to the probe type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import Field

from config.faults import Fault, Origin, listed, meant
from config.names import Families, Role, Shown, family_of
from config.quantities import Interval, Timeout, in_words
from config.reading import Part, fill
from config.trust import settle_trust
from config.unmeasured import forbidden
from probes import plugin
from probes.plugin import Options, Plugin, ProbeOptions

_USERINFO = re.compile(r"//[^/?#]*@")
TIMEOUT = 10.0
"""Seconds that a run may take where nothing is said."""


class EndpointKeys(Options):
    """`[[endpoints]]`: the keys of every endpoint of a service; the others, target included, belong to its probe."""

    role: Role = Field(description="say what part of the service it carries, for example chat")
    """What part of the service it carries."""
    probe: str = Field(description="say how it is measured, for example tls")
    """How it is measured: one of the probe types."""
    every: Interval = Field(description='say how often it is measured, for example "1m"')
    """The interval, in whole seconds from 1 s to a day."""
    timeout: Timeout | None = None
    """How long one run may take, at most the interval; 10 s, or the interval if that is less, where nothing is said."""
    name: Shown | None = None
    """The endpoint's name in records, where the target as written will not do; never for dns."""
    families: Families | None = None
    """The address families that its name has, each a series; ipv4, or that of an address, where nothing is said."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One target, how it is measured and how often."""

    role: str
    probe: str
    target: str
    """As written."""
    every: int
    timeout: float
    name: str | None
    families: tuple[str, ...]
    options: ProbeOptions
    origin: Origin = field(compare=False, repr=False)

    @property
    def label(self) -> str:
        """How people know it: its name, else its target."""
        return self.name or self.target


def read_endpoint(part: Part, faults: list[Fault]) -> Endpoint | None:
    """One endpoint; None with all its faults where it has any."""
    before = len(faults)
    if _USERINFO.search(str(part.table.get("target"))):
        faults.append(part.fault("must not hold a user or a password: no probe logs in", "target"))
        return None  # the words of a probe's own options would show it
    names = EndpointKeys.model_fields.keys()
    mine = {key: value for key, value in part.table.items() if key in names}
    rest = {key: value for key, value in part.table.items() if key not in names}
    keys = fill(EndpointKeys, Part(part.source, part.path, mine), faults)
    probe = _probe(part, faults)
    if probe is None:
        return None
    options = fill(probe.options, Part(part.source, part.path, _trusted(part, rest, faults), frozenset(names)), faults)
    faults.extend(part.fault(what, key) for key, what in _contradictions(keys, options, str(part.table.get("target"))))
    if keys is None or not isinstance(options, ProbeOptions) or len(faults) > before:
        return None
    return _settle(part, keys, options)


def _probe(part: Part, faults: list[Fault]) -> Plugin | None:
    """The probe type of an endpoint."""
    name = part.table.get("probe")
    if not isinstance(name, str):
        return None
    probe = plugin.PROBES.get(name)
    if probe is None:
        types = plugin.PROBES.names()
        faults.append(part.fault(f"{name!r} is no probe type; there are {listed(types)}{meant(name, types)}", "probe"))
    return probe


def _trusted(part: Part, table: dict[str, object], faults: list[Fault]) -> dict[str, object]:
    """The table with its trust settled; a fault of it is told here, so that the probe's options need not know names."""
    name = table.get("trust")
    if not isinstance(name, str):
        return table
    try:
        return {**table, "trust": settle_trust(name, part.source.folder)}
    except ValueError as fault:
        faults.append(part.fault(str(fault), "trust"))
        return {key: value for key, value in table.items() if key != "trust"}


def _settle(part: Part, keys: EndpointKeys, options: ProbeOptions) -> Endpoint:
    """Put the keys and the options together, with the defaults that depend on both."""
    literal = [family for family in map(family_of, _targets(options)) if family]
    return Endpoint(
        role=keys.role,
        probe=keys.probe,
        target=str(part.table["target"]).strip(),
        every=keys.every,
        timeout=keys.timeout or min(TIMEOUT, float(keys.every)),
        name=keys.name,
        families=keys.families or (literal[0] if literal else "ipv4",),
        options=options,
        origin=part.source.origin(*part.path),
    )


def _targets(options: ProbeOptions) -> tuple[str, ...]:
    """The hosts that a probe connects to; none where it asks a resolver."""
    return () if options.asks else options.contacts()


def _contradictions(keys: EndpointKeys | None, options: Options | None, target: str) -> Iterator[tuple[str, str]]:
    """What is wrong with an endpoint as a whole, as far as its parts are right: the key, and the words."""
    if keys is not None and keys.timeout is not None and keys.timeout > keys.every:
        yield "timeout", f"is longer than every = {in_words(keys.every)!r}: runs of one endpoint would overlap"
    if isinstance(options, ProbeOptions):
        yield from _unmeasurable(options, target)
        if keys is not None:
            yield from _mismatched(keys, options)


def _unmeasurable(options: ProbeOptions, target: str) -> Iterator[tuple[str, str]]:
    """Hosts on the do-not-measure list, as names asked for too."""
    for host in _targets(options) or (target,):
        why = forbidden(host)
        if why:
            yield "target", f"{host} is {why}: such hosts are on the do-not-measure list"


def _mismatched(keys: EndpointKeys, options: ProbeOptions) -> Iterator[tuple[str, str]]:
    """Keys that the probe's options do not allow."""
    for family in filter(None, map(family_of, _targets(options))):
        if keys.families is not None and keys.families != (family,):
            yield "families", f'must be ["{family}"] or absent: the target is an address of that family'
    named = [name for name, _options in options.variants("ipv4") if name]
    if keys.name and named:
        yield "name", f"must be absent: this endpoint is always written in full, {named[0]}"
