"""Rollups as points: `probe_5m` and `probe_1h`, one a series and window, overwritten when something came late."""

from functools import lru_cache

from daemon.classes import FailureClass
from daemon.rows import Rollup, Row
from daemon.sinks.fields import PROBE_RESULT, WINDOWS
from daemon.sinks.lines import NS, series_head
from daemon.sinks.protocol import Line, point
from probes.record import Series

_FIGURES = ("min", "p50", "p90", "p95", "max")


@lru_cache(maxsize=65_536)
def _head(measurement: str, series: Series) -> str:
    """The same six tags as the slots have."""
    return series_head(series).replace(PROBE_RESULT.name, measurement, 1)


def rollup_line(row: Row, rollup: Rollup) -> Line | None:
    """The point of a window at its start; None for a width that has no measurement.

    Every field is written every time: a class without failures is 0, and so is every `_us` without a good slot, where
    a good one took at least 1.
    """
    measurement = WINDOWS.get(rollup.width)
    if measurement is None:
        return None
    counts = {
        "n": rollup.n,
        "ok": rollup.ok,
        "fail": rollup.n - rollup.ok,
        "local": rollup.local,
        "skipped": rollup.skipped,
        **{str(name): rollup.failures.get(name, 0) for name in FailureClass},
        **{f"{name}_us": getattr(rollup.latency, name) if rollup.latency else 0 for name in _FIGURES},
    }
    return point(row.seq, rollup.start * NS, _head(measurement.name, rollup.series), measurement.write(counts))
