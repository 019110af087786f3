"""A measurement that a person asks for: which assignments it means, and one run of each, without a journal."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from config.candidates import families_at
from config.faults import listed, meant, one_of
from config.names import BOTH, family_of
from config.plan import Assignment
from config.service import shipped_services
from config.vantage import VantageSetting
from daemon.limits import Limiter, Permission
from daemon.planned import Prepared
from probes.clock import Clock
from probes.plugin import PROBES, Plugin, ProbeOptions
from probes.record import Purpose, Record, Series
from probes.run import Attempt, Skipped, World, perform
from probes.steps.dns_system import close_system

PATIENCE = 60.0
"""Seconds that a run may wait for the rate limit: a person waits for all of them anyway."""
TIMEOUT = 10.0
"""Seconds for a target that no service describes."""


class Misunderstood(ValueError):  # noqa: N818  it is the person who is misunderstood
    """The command line names something that cannot be measured; the message says what to write instead."""


def wanted(now: Prepared, targets: Iterable[str], probe: str | None, vantage: str | None) -> list[Assignment]:
    """The assignments that the words mean, in their order. Raises Misunderstood."""
    places = [setting for setting in now.document.vantages if vantage in {None, setting.name}]
    if not places:
        names = [setting.name for setting in now.document.vantages]
        raise Misunderstood(f"--vantage {vantage}: no such vantage; choose {one_of(names)}")
    return [found for target in targets for found in _meant(now, target, probe, places)]


def _meant(now: Prepared, target: str, probe: str | None, places: list[VantageSetting]) -> list[Assignment]:
    """A service's series, or a target of its own."""
    names = {setting.name for setting in places}
    found = [
        item
        for item in now.plan.assignments
        if item.series.service == target and item.series.vantage in names and probe in {None, item.series.probe}
    ]
    if not found and ("." in target or ":" in target):
        found = [item for place in places for item in _own(now, target, probe, place)]
    if not found:
        raise Misunderstood(f"{target}: {_why_nothing(now, target, probe, names)}")
    return found


def _why_nothing(now: Prepared, target: str, probe: str | None, places: set[str]) -> str:
    """Why the words mean nothing that can be measured, and what to write instead."""
    known = [service.name for service in now.document.services]
    if "." in target or ":" in target:
        return f"no family of {one_of(sorted(places))} can carry it now; reachd doctor says what they have"
    if target not in known:
        add = "; add it to services" if target in shipped_services() else meant(target, known)
        return f"no service of this configuration: choose {one_of(known)}, or a target such as example.org:443{add}"
    kinds = sorted({item.series.probe for item in now.plan.assignments if item.series.service == target})
    measured = f"it is measured by {listed(kinds)}" if kinds else "nothing of it can be measured now"
    return f"no {f'{probe} ' if probe else ''}series from {one_of(sorted(places))}; {measured}"


def _own(now: Prepared, target: str, probe: str | None, place: VantageSetting) -> Iterator[Assignment]:
    """Series for a target that no service describes, from one vantage, in the families that it has."""
    plugin = plugin_for(target, probe)
    try:
        options = plugin.options.model_validate({"target": target})
    except ValidationError as error:
        what = "; ".join(str(fault["msg"]).removeprefix("Value error, ") for fault in error.errors())
        raise Misunderstood(f"{target}: {what}") from None
    assert isinstance(options, ProbeOptions)  # noqa: S101  the registry of probes holds no others
    for family in families_at(options, tuple(sorted(now.families[place.name] & BOTH)), place.carries):
        for name, variant in options.variants(family):
            if variant.asks or family_of(variant.contacts()[0]) in {None, family}:
                series = Series("manual", "site", name or target, plugin.name, place.name, family)
                yield Assignment(
                    series, variant, 60, 0, TIMEOUT, place.resolver, "", f"{plugin.name}/{variant.version}"
                )


def plugin_for(target: str, probe: str | None) -> Plugin:
    """The probe type asked for, or the one that the target's form suggests. Raises Misunderstood."""
    if probe is None:
        probe = (
            "http" if "://" in target else "dns" if ":" not in target else "tls" if target.endswith(":443") else "tcp"
        )
    plugin = PROBES.get(probe)
    if plugin is None:
        raise Misunderstood(f"--probe {probe}: no such probe type; there are {', '.join(PROBES.names())}")
    return plugin


@dataclass(frozen=True, slots=True)
class Hand:
    """What measures for a person: the configuration, the clock, and limits that all runs of one errand share."""

    now: Prepared
    clock: Clock
    limiter: Limiter

    async def run(self, attempt: Attempt, latest: float) -> Record:
        """Measure once, waiting for the rate limit until a moment (loop time). Raises Skipped."""
        now, vantage = self.now, attempt.series.vantage
        permit = Permission(self.limiter, vantage, attempt.resolver, latest)
        world = World(self.clock, permit, lambda address: now.owned(address) is not None, now.trust)
        return await perform(plugin_for("", attempt.series.probe), attempt, now.vantages[vantage], world)


async def measure(now: Prepared, assignments: list[Assignment], clock: Clock) -> AsyncIterator[Record | None]:
    """Run each assignment once, all at the same time within the limits; records as they come, None for one skipped."""
    hand = Hand(now, clock, Limiter(now.owned))
    latest = asyncio.get_running_loop().time() + PATIENCE

    async def one(assignment: Assignment) -> Record | None:
        try:
            return await hand.run(attempt_of(assignment, clock), latest)
        except Skipped:
            return None

    try:
        for done in asyncio.as_completed([one(assignment) for assignment in assignments]):
            yield await done
    finally:
        await close_system()


def attempt_of(assignment: Assignment, clock: Clock) -> Attempt:
    """One attempt that is due now."""
    moment = clock.wall()
    attempt = Attempt(
        series=assignment.series,
        options=assignment.options,
        due=moment,
        slot=moment // 60_000_000,
        timeout=assignment.timeout,
        resolver=assignment.resolver,
        purpose=Purpose.MANUAL,
    )
    return replace(attempt, config=assignment.config, version=assignment.version)
