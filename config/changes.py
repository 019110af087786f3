"""What a reload changed, in words: for the log, the plan row and the person who typed it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from config.plan import Assignment, Plan
from config.quantities import in_words
from probes.record import Series


def describe(old: Plan, new: Plan) -> tuple[str, ...]:
    """One sentence for each vantage, service and way in which assignments changed; empty where nothing did."""
    before = {each.series: each for each in old.assignments}
    after = {each.series: each for each in new.assignments}
    both = [(before[series], after[series]) for series in before if series in after]
    return (
        *_names("vantage", old.vantages, new.vantages),
        *_names("service", old.services, new.services),
        *_counted("added", (series for series in after if series not in before)),
        *_counted("removed", (series for series in before if series not in after)),
        *_intervals(both),
        *_counted("measured differently", (new.series for old, new in both if old.config != new.config)),
        *_places(old, new),
    )


def _names(what: str, old: Iterable[str], new: Iterable[str]) -> Iterator[str]:
    """Vantages and services that came or went."""
    for name in sorted({*new} - {*old}):
        yield f"{what} {name} added"
    for name in sorted({*old} - {*new}):
        yield f"{what} {name} removed"


def _counted(what: str, changed: Iterable[Series]) -> Iterator[str]:
    """How many series of a service at a vantage changed in this way."""
    counts = Counter((series.service, series.vantage) for series in changed)
    for (service, vantage), count in sorted(counts.items()):
        yield f"{service} from {vantage}: {count} series {what}"


def _intervals(both: Iterable[tuple[Assignment, Assignment]]) -> Iterator[str]:
    """Intervals that changed, counted where they changed alike."""
    counts = Counter(
        (new.series.service, new.series.vantage, old.every, new.every) for old, new in both if old.every != new.every
    )
    for (service, vantage, old, new), count in sorted(counts.items()):
        yield f"{service} from {vantage}: {count} series every {in_words(new)} instead of {in_words(old)}"


def _places(old: Plan, new: Plan) -> Iterator[str]:
    """What is said anew of vantages and services that stay."""
    for name in sorted({*old.vantages} & {*new.vantages}):
        was, now = old.vantages[name], new.vantages[name]
        if (was.country, was.asn) != (now.country, now.asn):
            yield f"vantage {name} is in {_place(now.country, now.asn)} instead of {_place(was.country, was.asn)}"
    for name in sorted({*old.services} & {*new.services}):
        if old.services[name].side != new.services[name].side:
            yield f"service {name} is {new.services[name].side} instead of {old.services[name].side}"


def _place(country: str, asn: int | None) -> str:
    """A country and a network."""
    return f"{country or 'no country'} and {f'AS{asn}' if asn else 'no network'}"
