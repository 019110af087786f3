"""How late runs start at 300 probes/s: the actual start less due and start offset. Goal: p99 under 100 ms."""

import sys
import tempfile
from pathlib import Path

from bench import _stage as stage

RATE, EVERY = 300, 5
GOAL = 0.100
WARM, SECONDS = 7.0, 20.0


def measure(kind: str) -> stage.Measured:
    """The daemon at the rate with one probe type."""
    with tempfile.TemporaryDirectory() as name, stage.servers(kind, Path(name)) as ports:
        load = stage.Load(stage.endpoints(kind, ports, RATE * EVERY), EVERY, 5.0, WARM, SECONDS)
        return stage.apart(stage.run_daemon, Path(name), load)


def main() -> int:
    """Measure, print, judge."""
    found = {kind: measure(kind) for kind in ("tcp", "tls", "https")}
    stage.table(
        ("probe", "probes/s", "p50 ms", "p90 ms", "p99 ms", "max ms", "gaps", "not good"),
        [
            (
                kind,
                f"{len(it.late) / SECONDS:.0f}",
                *(f"{it.lateness(share) * 1e3:.1f}" for share in (0.5, 0.9, 0.99, 1.0)),
                dict(it.gaps),
                it.bad,
            )
            for kind, it in found.items()
        ],
    )
    claims = {
        f"{kind}: p99 of the lateness is {it.lateness(0.99) * 1e3:.1f} ms, under {GOAL * 1e3:.0f} ms": it.lateness(0.99)
        < GOAL
        for kind, it in found.items()
    }
    claims |= {f"{kind}: every slot has its record": not it.gaps and it.bad == 0 for kind, it in found.items()}
    return stage.verdict(claims)


if __name__ == "__main__":
    sys.exit(main())
