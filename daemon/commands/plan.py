"""`reachd plan`: what would run, how often, and what it costs."""

import json as jsonlib
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from config.cost import Cost, TargetCost, cost
from config.faults import ConfigError
from config.plan import Plan
from daemon.commands.check import extent
from daemon.commands.terminal import complain, err, out
from daemon.planned import validated


def plan(config: Path | None, *, json: bool) -> int:
    """Print the plan and its cost; 2 with every mistake or broken limit."""
    try:
        document, laid = validated(config)
    except ConfigError as error:
        return complain(error)
    total = cost(laid)
    if json:
        out().print(jsonlib.dumps(asdict(total) | {"file": document.file, "config": laid.config}), soft_wrap=True)
        return 0
    out().print(_table(total))
    out().print(_sum(laid, total))
    for notice in laid.notices:
        err().print(f"note: {notice}")
    return 0


def _table(total: Cost) -> Table:
    """One line a target."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("service", "role", "endpoint", "probe"):
        table.add_column(heading, overflow="fold")
    for heading in ("every", "series", "traffic a day"):
        table.add_column(heading, justify="right")
    for target in total.targets:
        table.add_row(*_cells(target))
    return table


def _cells(target: TargetCost) -> tuple[str, ...]:
    return (
        target.service,
        target.role,
        target.endpoint,
        target.probe,
        f"{target.every} s",
        str(target.series),
        in_bytes(target.bytes_per_day),
    )


def _sum(laid: Plan, total: Cost) -> str:
    return (
        f"\n{extent(laid)}: "
        f"{total.probes_per_second:.2f} probes/s, {in_bytes(total.bytes_per_day)} of traffic a day\n"
        f"journal: {in_bytes(total.journal_bytes)} in 30 days\n"
        f"InfluxDB: {total.influx_series} series, {total.influx_points_per_second:.2f} points/s"
    )


def in_bytes(number: float) -> str:
    """Bytes for people, in powers of ten as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"
