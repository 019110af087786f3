"""`reachd doctor`: is this machine fit to measure, and what to do where it is not."""

import asyncio
import json as jsonlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from config.faults import ConfigError
from daemon import fitness
from daemon.commands.terminal import complain, out
from daemon.errand import measure, wanted
from daemon.fitness import Finding
from daemon.outlets import outlets
from daemon.planned import Prepared, prepare
from probes.clock import SystemClock
from probes.record import Record, Series

MARKS = {"good": "ok", "bad": "BAD", "unknown": "?"}
COLOURS = {"good": "green", "bad": "red", "unknown": "yellow"}


def doctor(config: Path | None, *, json: bool) -> int:
    """Look at everything; 0 if all is good, 1 if something is bad, 2 if the configuration cannot be read."""
    try:
        now = prepare(config)
    except ConfigError as error:
        return complain(error)
    findings = [*(look() for look in fitness.LOOKS), *_of(now)]
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
    asked = [item for place in now.vantages for item in wanted(now, [name], "dns", place)]
    own = [item for item in asked if item.series.family == "ipv4"]
    return [_resolver(record) async for record in measure(now, own, SystemClock()) if record is not None]


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
