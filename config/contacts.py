"""Whom a plan contacts, from where and how often: the assignments of each token bucket, and what the bucket allows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from config.names import family_of
from config.plan import Assignment, Plan
from config.sections import Limit, limit_of
from config.slots import due_of, slot_at, stable, start_after_due
from probes.steps.resolver import parse_resolver

TARGET = (10.0, 4)
"""A connection to a target: one in 10 s, burst 4, per vantage and address (docs/design.md, Limits)."""
OWN_RESOLVER = (0.05, 20)
"""The vantage's own resolver: 20 questions a second."""
NAMED_RESOLVER = (1.0, 10)
"""A resolver that a service names: one question a second, burst 10."""
SECOND = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """One bucket: a vantage, and the host that it connects to (or asks), as written, in one address family."""

    vantage: str
    host: str
    """A name, an address, or `system`."""
    asked: bool
    """True for questions to a resolver, False for connections."""
    family: str
    """Of connections: the IPv4 and the IPv6 address of a name are two."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a plan does to one contact, and what is allowed: `burst` at once, then one every `every` seconds."""

    contact: Contact
    assignments: tuple[Assignment, ...]
    every: float
    burst: int

    @property
    def rate(self) -> float:
        """Contacts a second."""
        return sum(1 / each.every for each in self.assignments)

    @property
    def excess(self) -> float:
        """How many times the allowed rate; up to 1 is fine."""
        return self.rate * self.every


def loads(plan: Plan, limits: tuple[Limit, ...]) -> tuple[Load, ...]:
    """Every contact of a plan with its load, in order."""
    found: dict[Contact, list[Assignment]] = {}
    for assignment in plan.assignments:
        for contact in contacts_of(assignment):
            found.setdefault(contact, []).append(assignment)
    return tuple(
        Load(contact, tuple(found[contact]), *_allowed(contact, found[contact], limits)) for contact in sorted(found)
    )


def contacts_of(assignment: Assignment) -> Iterator[Contact]:
    """The buckets that one run takes a token from: its resolver's, then its target's."""
    vantage, hosts = assignment.series.vantage, assignment.options.contacts()
    own = parse_resolver(assignment.resolver)
    if assignment.options.asks:
        for host in hosts or (own.address or own.transport,):
            yield Contact(vantage, host, asked=True, family="")
        return
    for host in hosts:
        if family_of(host) is None:
            yield Contact(vantage, own.address or own.transport, asked=True, family="")
        yield Contact(vantage, host, asked=False, family=assignment.series.family)


def _allowed(contact: Contact, assignments: list[Assignment], limits: tuple[Limit, ...]) -> tuple[float, int]:
    """Seconds between two contacts, and the burst."""
    owned = limit_of(limits, contact.host)
    if owned is not None:
        return owned.every, owned.burst
    if not contact.asked:
        return TARGET
    own = parse_resolver(assignments[0].resolver)
    return OWN_RESOLVER if contact.host in {own.address, own.transport} else NAMED_RESOLVER


def refused(load: Load, seconds: int, begin: int = 0) -> dict[Assignment, int]:
    """How many slots of each assignment find no token in so many seconds from `begin`: the runner's rule, played ahead.

    A run waits for a token up to a fifth of its interval.
    """
    full = 0.0
    lost: dict[Assignment, int] = {}
    for start, index in sorted(_starts(load.assignments, begin, begin + seconds)):
        assignment = load.assignments[index]
        wait = max(0.0, full - (load.burst - 1) * load.every - start)
        if wait > assignment.every / 5:
            lost[assignment] = lost.get(assignment, 0) + 1
        else:
            full = max(full, start) + load.every
    return lost


def _starts(assignments: Iterable[Assignment], begin: int, end: int) -> Iterator[tuple[float, int]]:
    """When runs start, in seconds, with the index of their assignment."""
    for index, each in enumerate(assignments):
        seed = stable(each.series, "start")
        slot = slot_at(begin * SECOND, each.every, each.offset) + 1
        while (due := due_of(slot, each.every, each.offset) / SECOND) < end:
            yield due + start_after_due(seed, slot, each.every), index
            slot += 1
