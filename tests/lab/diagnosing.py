"""Series and plans for closer looks: a target that fails, and controls beside it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from config.plan import Assignment, Plan
from config.service import Service
from daemon.rows import Row
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.plugin import PROBES
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series
from probes.run import Attempt
from tests.lab.story import START, numbered

DEADLINE = 1.2
"""Seconds of a run: enough for loopback, and short where all ends in silence."""
SECOND = 1_000_000
THEN = 1_770_840_000 * SECOND
TARGET, OTHER = "157.240.205.60", "157.240.205.70"
CONTROL = "104.18.26.120"


def assignment(
    service: str, probe: str, target: str, *, every: int = 1, family: str = "ipv4", **options: Any
) -> Assignment:
    """A series of a service, at the vantage `here`."""
    plugin: Any = PROBES.get(probe)
    known = {"trust": "lab"} if "trust" in plugin.options.model_fields else {}
    name, made = next(iter(plugin.options(**{"target": target, **known, **options}).variants(family)))
    series = Series(service, "web", name or target, probe, "here", family)
    return Assignment(series, made, every, 0, DEADLINE, "system", "c", f"{probe}/1")


def plan_of(*items: Assignment) -> Plan:
    """A plan in which the service `controls` is one."""
    origin: Any = None
    sides = {item.series.service: "control" if item.series.service == "controls" else "foreign" for item in items}
    services = {name: Service(name, name, side, (), False, origin) for name, side in sides.items()}
    return Plan(items, {}, services, "plan")


def ran(item: Assignment, moment: float = 0.0, failed: tuple[Phase, Kind] | None = None, **facts: Any) -> Record:
    """A slot of it, so many seconds after THEN."""
    due = THEN + round(moment * SECOND)
    known = {"address": TARGET if failed else CONTROL, **facts}
    failure = Failure(*failed) if failed else None
    return Record(item.series, due, due, 0.1, (), failure, Facts(**known), config=item.config, version=item.version)


def base_of(item: Assignment, record: Record) -> Attempt:
    """What the runner gives a closer look to go by."""
    made = Attempt(item.series, item.options, record.due, timeout=item.timeout, resolver=item.resolver)
    return replace(made, purpose=Purpose.DIAGNOSE, of=record.id, config=item.config, version=item.version)


def looked_into(rows: Sequence[Row], found: Diagnosis, moment: float) -> list[Row]:
    """A story's rows with a closer look at the first that fails, so many seconds after the story's start."""
    failing = next(row.body for row in rows if isinstance(row.body, Record) and row.body.failure)
    began = START + round(moment * SECOND)
    facts = Facts(diagnosis=found)
    look = replace(failing, began=began, seconds=20.0, facts=facts, purpose=Purpose.DIAGNOSE, of=failing.id)
    return numbered([*((row.at, row.body) for row in rows), (began + 20 * SECOND, look)])


def matrix_of(name: str, finding: Finding = Finding.SNI) -> Diagnosis:
    """A name that is reset at its own address and at a control's, which answer to another."""
    reset: dict[str, Any] = {"phase": "tls", "kind": "connection_reset"}
    cells = [
        Cell(arm, 1.0 * number, 0.05, name=shown, address=address, port=443, family="ipv4", **(reset if bad else {}))
        for number, (arm, shown, address, bad) in enumerate(
            (
                (Arm.CONTROL, "example.com", CONTROL, False),
                (Arm.NAME, "example.com", TARGET, False),
                (Arm.ORIGINAL, name, TARGET, True),
                (Arm.PLACE, name, CONTROL, True),
            )
        )
    ]
    return Diagnosis(finding, tuple(cells))
