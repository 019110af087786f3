"""`reachd probe`: measure now, through the same code path as the daemon; writes no journal."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from rich.table import Table

from config.faults import ConfigError
from daemon.commands.terminal import complain, err, out, printable, write_lines
from daemon.diagnose_errand import diagnose
from daemon.diagnose_words import lines, sentence
from daemon.errand import Misunderstood, measure, wanted
from daemon.planned import prepare
from daemon.wire import record_line
from probes.clock import SystemClock
from probes.record import Kind, Record, series_parts


def probe(
    targets: list[str],
    config: Path | None,
    *,
    probe_type: str | None,
    vantage: str | None,
    json: bool,
    diagnosing: bool = False,
) -> int:
    """Measure, or look closer; 0 all good, 1 a failure, 2 usage, 3 no record or only faults of our own."""
    try:
        now = prepare(config)
        assignments = wanted(now, targets, probe_type, vantage)
    except (ConfigError, Misunderstood) as error:
        return complain(error)
    measured = (diagnose if diagnosing else measure)(now, assignments, SystemClock())
    records = asyncio.run(_collect(measured, len(assignments), json=json))
    if skipped := len(assignments) - len(records):
        err().print(f"{skipped} of {len(assignments)} series not measured: their addresses had no room in their limits")
    if not json and diagnosing:
        _explain(records)
    elif not json:
        out().print(_table(sorted(records, key=lambda record: series_parts(record.series))))
    return verdict(records)


def verdict(records: list[Record]) -> int:
    """The exit code."""
    failures = [record.failure for record in records]
    if all(failure is not None and failure.kind is Kind.LOCAL for failure in failures):
        return 3
    return int(any(failure is not None and failure.kind is not Kind.LOCAL for failure in failures))


async def _collect(measured: AsyncIterator[Record | None], count: int, *, json: bool) -> list[Record]:
    """All records; with `json` each is printed as it comes, else a count is shown while a person waits."""
    records = []
    with err().status(f"measuring {count} series") as status:
        async for record in measured:
            if record is not None:
                records.append(record)
                if json:
                    write_lines([record_line(record)])
            status.update(f"measuring {count} series, {len(records)} done")
    return records


def _table(records: list[Record]) -> Table:
    """One line a record: what was measured, what came out, where the time went."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("endpoint", "probe", "vantage", "family", "result", "phases (ms)", "address"):
        table.add_column(heading, overflow="fold")
    for record in records:
        series = record.series
        phases = " ".join(f"{timing.phase} {timing.seconds * 1e3:.1f}" for timing in record.timings)
        cells = (series.endpoint, series.probe, series.vantage, series.family, result(record), phases)
        table.add_row(*map(printable, cells), record.facts.address or "", style=_colour(record))
    return table


def _explain(records: list[Record]) -> None:
    """Each closer look as a table of its cells, and what they show."""
    for record in records:
        series, diagnosis = record.series, record.facts.diagnosis
        assert diagnosis is not None  # noqa: S101  each was made by a closer look
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("compared", "name", "address", "came", "s"):
            table.add_column(heading, overflow="fold")
        for line in lines(diagnosis):
            cells = (line.what, line.name, line.place, line.came, f"{line.seconds:.2f}")
            table.add_row(*map(printable, cells), style="green" if line.good else "red")
        where = f"{series.probe} {series.endpoint} from {series.vantage}, {series.family}"
        out().print(printable(f"{where}: {sentence(diagnosis)} [{diagnosis.finding}]"), style="bold", markup=False)
        out().print(table, "")


def result(record: Record) -> str:
    """`ok`, or phase, kind and detail of the failure."""
    failure = record.failure
    if failure is None:
        return f"ok {record.facts.status}" if record.facts.status else "ok"
    return f"{failure.phase}: {failure.kind}{f' ({failure.detail})' if failure.detail else ''}"


def _colour(record: Record) -> str:
    if record.failure is None:
        return "green"
    return "yellow" if record.failure.kind is Kind.LOCAL else "red"
