"""`reachd doctor`: is this machine fit to measure, and what to do where it is not."""

import asyncio
import json as jsonlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from config.faults import ConfigError
from config.plan import Assignment
from config.vantage import VantageSetting
from daemon import fitness
from daemon.commands.terminal import complain, out
from daemon.errand import measure, wanted
from daemon.fitness import Finding
from daemon.outlets import outlets
from daemon.planned import Prepared, prepare
from probes.clock import SystemClock
from probes.record import Kind, Record, Series
from probes.steps.resolver import SYSTEM

MARKS = {"good": "ok", "bad": "BAD", "unknown": "?"}
ABROAD = "if other vantages see it, this one's line or proxy is to blame, or the control is blocked here"
COLOURS = {"good": "green", "bad": "red", "unknown": "yellow"}


def doctor(config: Path | None, *, vantages: bool = False, json: bool) -> int:
    """Look at all, or at the vantages; 0 if all is good, 1 if something is bad, 2 if nothing can be read."""
    try:
        now = prepare(config)
    except ConfigError as error:
        return complain(error)
    findings = asyncio.run(_vantages(now)) if vantages else [*(look() for look in fitness.LOOKS), *_of(now)]
    if json:
        for finding in findings:
            out().print(jsonlib.dumps(asdict(finding)), soft_wrap=True)
    else:
        out().print(_table(findings))
    return int(any(finding.verdict == "bad" for finding in findings))


def _of(now: Prepared) -> Iterator[Finding]:
    """The looks that need the configuration."""
    yield fitness.disk(now.document.journal, now.document.retention.min_free)
    if now.document.web is not None:
        yield fitness.port(*now.document.web.place)
    yield from fitness.families(now.vantages)
    yield from asyncio.run(_resolvers(now))
    yield from asyncio.run(_stores(now))


async def _resolvers(now: Prepared) -> list[Finding]:
    """Ask the resolver of each vantage for a control name, as its probes do."""
    name = next((it.target for service in now.document.services for it in service.endpoints if it.probe == "dns"), None)
    if name is None:
        return []
    asked = [
        item
        for setting in now.document.vantages
        if setting.resolver != SYSTEM.transport or "system_dns" in setting.carries
        for item in wanted(now, [name], "dns", setting.name)
    ]
    own = [item for item in asked if item.series.family == "ipv4"]
    return [_resolver(record) async for record in measure(now, own, SystemClock()) if record is not None]


async def _vantages(now: Prepared) -> list[Finding]:
    """What each vantage can do, and what a run to a control says from it now."""
    chosen = [control for name in now.vantages if (control := _control(now, name)) is not None]
    runs = [record async for record in measure(now, chosen, SystemClock()) if record is not None]
    seen = {record.series.vantage: record for record in runs}
    return [_vantage(now, setting, seen.get(setting.name)) for setting in now.document.vantages]


def _control(now: Prepared, vantage: str) -> Assignment | None:
    """A series to a control from a vantage, one that connects before one that only asks."""
    controls = {service.name for service in now.document.services if service.side == "control"}
    found = [it for it in now.plan.assignments if it.series.vantage == vantage and it.series.service in controls]
    return min(found, key=lambda it: it.options.asks, default=None)


def _vantage(now: Prepared, setting: VantageSetting, record: Record | None) -> Finding:
    """One vantage in a line."""
    families = " and ".join(sorted(now.families[setting.name]))
    can = f"{setting.type} carries {', '.join(sorted(setting.carries))}; has {families}"
    asks = "names are looked up there" if "remote_names" in setting.carries else f"asks {setting.resolver}"
    name, what = f"vantage {setting.name}", f"{can}; {asks}"
    if record is None:
        remedy = "list a service of side control (the shipped one is called controls) and let this vantage measure it"
        return Finding(name, "unknown", f"{what}; no control is measured from here", remedy)
    target = f"{record.series.endpoint} ({record.series.probe})"
    if record.failure is None:
        return Finding(name, "good", f"{what}; {target} answers after {record.seconds * 1e3:.0f} ms")
    said = f"{record.failure.phase}: {record.failure.kind} {record.failure.detail}".rstrip()
    own = record.failure.kind is Kind.LOCAL
    remedy = "this is no word of the target: look at this vantage's settings, its line or its proxy" if own else ABROAD
    return Finding(name, "bad", f"{what}; {target} fails in {said}", remedy)


def _resolver(record: Record) -> Finding:
    series: Series = record.series
    named = f"resolver of {series.vantage}"
    if record.failure is None:
        return Finding(named, "good", f"{series.endpoint} has {', '.join(record.facts.addresses)}")
    remedy = "look at resolver in the configuration; if only this name is missing, that is a measurement and no fault"
    return Finding(named, "bad", f"{series.endpoint}: {record.failure.kind} {record.failure.detail}".rstrip(), remedy)


async def _stores(now: Prepared) -> list[Finding]:
    """Does each sink answer, and does it take what we have?"""
    return [await outlet.look(SystemClock()) for outlet in outlets(now.document).values()]


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _column in range(3):
        table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(MARKS[finding.verdict], finding.name, finding.what, style=COLOURS[finding.verdict])
        if finding.remedy:
            table.add_row("", "", f"-> {finding.remedy}")
    return table
