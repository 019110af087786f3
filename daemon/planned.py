"""From a configuration file to what the daemon runs: vantages that exist, a plan for what they can carry, own rates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from config import budget
from config.document import Document, load
from config.faults import ConfigError, Fault, Origin
from config.plan import Assignment, Plan, any_family, plan
from config.sections import limit_of
from config.trust import trust_file
from config.vantage import VantageSetting
from daemon.limits import Rate
from daemon.rows import Place, Planned, PlanRow
from probes.plugin import VANTAGES, Vantage
from probes.steps.resolver import parse_resolver
from probes.steps.trust import Trusts


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that follows from the configuration."""

    document: Document
    plan: Plan
    vantages: Mapping[str, Vantage]
    families: Mapping[str, frozenset[str]]
    """What each vantage has now."""
    owned: Callable[[str], Rate | None]
    """The rate of an address that the operator owns."""
    trust: Trusts
    """The SSL context of every trust set that the plan needs, made: one costs 40 ms, which no run shall wait for."""


def validated(path: Path | None) -> tuple[Document, Plan]:
    """The document and its plan, as if every vantage had all its families. Raises ConfigError, limits included."""
    document = load(path)
    laid = plan(document, any_family(document))
    faults = budget.violations(document, laid)
    if faults:
        raise ConfigError(faults)
    return document, laid


def prepare(path: Path | None) -> Prepared:
    """Read, validate, build, plan. Raises ConfigError with every fault; nothing is started."""
    document, _laid = validated(path)
    return prepared(document)


def prepared(document: Document, vantages: Mapping[str, Vantage] | None = None) -> Prepared:
    """Build the vantages of a document (if not given) and plan for the families they have now. Raises ConfigError."""
    vantages = vantages or {setting.name: build(setting) for setting in document.vantages}
    families = {name: vantage.families() for name, vantage in vantages.items()}
    laid = plan(document, families)
    return Prepared(document, laid, vantages, families, owner(document), contexts(document, laid))


def contexts(document: Document, laid: Plan) -> Trusts:
    """Every SSL context of a plan. Raises ConfigError where this machine has no root certificates."""
    made = Trusts(trust_file)
    try:
        for name, alpn in {wanted for item in laid.assignments for wanted in _trusts(item)}:
            made(name, alpn)
    except ValueError as fault:
        raise ConfigError([Fault(Origin(document.file, 1), str(fault))]) from None
    return made


def _trusts(item: Assignment) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What a run verifies: its target, and its vantage's resolver where that is asked over TLS."""
    return (*item.options.trusts(), *parse_resolver(item.resolver).trusts)


def build(setting: VantageSetting) -> Vantage:
    """A vantage from its setting."""
    plugin = VANTAGES.get(setting.type)
    if plugin is None:
        raise LookupError(f"vantage type {setting.type} passed the check and does not exist")
    vantage: Vantage = plugin.function(setting.options)
    return vantage


def owner(document: Document) -> Callable[[str], Rate | None]:
    """The rates of `[[limits]]` by address, remembered: the runner asks before every connection."""

    @lru_cache(maxsize=10_000)
    def rate(address: str) -> Rate | None:
        limit = limit_of(document.limits, address)
        return Rate(limit.every, limit.burst) if limit else None

    return rate


def plan_row(now: Prepared, changed: tuple[str, ...] = ()) -> PlanRow:
    """What the journal keeps of a plan."""
    settings = {setting.name: setting for setting in now.document.vantages}
    return PlanRow(
        config=now.plan.config,
        vantages={name: Place(setting.country, setting.asn) for name, setting in settings.items()},
        services={service.name: service.side for service in now.document.services},
        assignments=tuple(
            Planned(item.series, item.every, item.offset, item.timeout, item.config) for item in now.plan.assignments
        ),
        changed=changed,
        flash=now.document.detect.flash,
    )
