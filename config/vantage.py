"""Vantages as a configuration names them: the envelope that all types share, and the options of the type."""

from dataclasses import dataclass, field
from typing import Annotated, get_args

from pydantic import AfterValidator, Field, SecretStr

from config.faults import Fault, Origin, listed, meant
from config.names import Asn, Country, Names, plain_name
from config.reading import Part, Source, fill, tables
from config.secrets import read_secret
from probes import plugin
from probes.plugin import Options, VantageOptions
from probes.steps.resolver import SYSTEM, parse_resolver

CONSENT = "say who agreed to measuring from here"


def _resolver(text: str) -> str:
    parse_resolver(text)
    return text


class VantageKeys(Options):
    """`[vantages.NAME]`: the keys that every vantage has; the others belong to its type."""

    type: str = Field(description="say how it is reached, for example direct")
    """How probes are sent from there: one of the vantage types."""
    country: Country = ""
    """Where it is, as two capital letters; without it a block and an outage cannot be told apart."""
    asn: Asn | None = None
    """The number of the network that it is in."""
    consent: str = Field(min_length=1, description=CONSENT)
    """Who agreed to measuring from there."""
    services: Names | None = None
    """The services measured from there; all where nothing is said."""
    resolver: Annotated[str, AfterValidator(_resolver)] = SYSTEM.transport
    """Who is asked for names: an address, with `:PORT`, behind `tcp://`, `tls://…#NAME` or `https://…/dns-query#NAME`
    (NAME is what its certificate is for); `system` only on a direct vantage."""


@dataclass(frozen=True, slots=True)
class VantageSetting:
    """One vantage as set: what to build it from, where it is, what it measures, whom it asks for names."""

    name: str
    type: str
    options: VantageOptions
    country: str
    """Two letters, empty where it is not said."""
    asn: int | None
    consent: str
    services: tuple[str, ...] | None
    """Names of services; None for all."""
    resolver: str
    carries: frozenset[str]
    """`tcp`, `udp`, ... as its type says."""
    possible: frozenset[str]
    """The families that it can ever have; which of them work now is asked of the vantage itself."""
    origin: Origin = field(compare=False, repr=False)


def read_vantages(source: Source, faults: list[Fault]) -> tuple[VantageSetting, ...]:
    """All vantages of the main file, by name; faults are added."""
    found = [(name, _read(name, part, faults)) for name, part in tables(source, "vantages", faults)]
    if not source.data.get("vantages"):
        faults.append(
            source.fault(f'is missing: add [vantages.here] with type = "direct" and consent ({CONSENT})', "vantages")
        )
    return tuple(setting for _name, setting in sorted(found, key=lambda pair: pair[0]) if setting is not None)


def _read(name: str, part: Part, faults: list[Fault]) -> VantageSetting | None:
    try:
        plain_name(name)
    except ValueError as fault:
        faults.append(part.fault(f"the name of a vantage {fault}"))
    keys = VantageKeys.model_fields.keys()
    envelope = fill(VantageKeys, _part(part, keys & part.table.keys()), faults)
    kind = part.table.get("type")
    if not isinstance(kind, str):
        return None
    type_ = plugin.VANTAGES.get(kind)
    if type_ is None:
        types = plugin.VANTAGES.names()
        faults.append(part.fault(f"{kind!r} is no vantage type; there are {listed(types)}{meant(kind, types)}", "type"))
        return None
    before = len(faults)
    own = _revealed(type_.options, _part(part, part.table.keys() - keys, frozenset(keys)), faults)
    options = fill(type_.options, own, faults)
    if envelope is None or options is None or len(faults) > before:
        return None
    assert isinstance(options, VantageOptions)  # noqa: S101  the contract of vantage types, see test_contract.py
    return _settle(name, part, envelope, options, faults)


def _revealed(model: type[Options], part: Part, faults: list[Fault]) -> Part:
    """The part with its secrets read: options of a type take the text itself, and know neither files nor variables."""
    table = dict(part.table)
    for name, info in model.model_fields.items():
        if name in table and SecretStr in (info.annotation, *get_args(info.annotation)):
            try:
                table[name] = read_secret(table[name], part.source.folder).reveal()
            except ValueError as fault:
                faults.append(part.fault(str(fault), name))
                del table[name]
    return Part(part.source, part.path, table, part.beside)


def _part(part: Part, keys: frozenset[str] | set[str], beside: frozenset[str] = frozenset()) -> Part:
    """Those keys of a table."""
    return Part(part.source, part.path, {key: value for key, value in part.table.items() if key in keys}, beside)


def _settle(
    name: str, part: Part, envelope: VantageKeys, options: VantageOptions, faults: list[Fault]
) -> VantageSetting | None:
    """Put envelope and options together, and judge what only both can tell."""
    type_ = plugin.VANTAGES.get(envelope.type)
    assert type_ is not None  # noqa: S101  looked up by the caller
    carries: frozenset[str] = type_.function(options).carries
    fault = _resolver_fault(envelope, carries, "resolver" in part.table)
    if fault:
        faults.append(part.fault(fault, "resolver"))
        return None
    return VantageSetting(
        name=name,
        type=envelope.type,
        options=options,
        country=envelope.country,
        asn=envelope.asn,
        consent=envelope.consent,
        services=envelope.services,
        resolver=envelope.resolver,
        carries=carries,
        possible=options.possible(),
        origin=part.source.origin(*part.path),
    )


def _resolver_fault(envelope: VantageKeys, carries: frozenset[str], written: bool) -> str | None:  # noqa: FBT001  a fact, not a switch
    """What is wrong with the resolver of a vantage, or None."""
    resolver = parse_resolver(envelope.resolver)
    if resolver.transport == "udp" and "udp" not in carries:
        return f"must not be over udp, which this vantage does not carry; write tcp://{envelope.resolver.removeprefix('udp://')}"
    if resolver != SYSTEM or "system_dns" in carries or ("remote_names" in carries and not written):
        return None
    shown = "195.208.4.1" if "udp" in carries else "tcp://195.208.4.1"
    name_one = (
        f'name the resolver of this line, for example "{shown}": '
        f"the machine's own does not speak for a {envelope.type} vantage"
    )
    return f"must not be system; {name_one}" if written else f"is missing: {name_one}"
