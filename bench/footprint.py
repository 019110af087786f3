"""What a thousand endpoints need: memory, and the time until their schedule is laid. Goals: 120 MiB, 2 s."""

import sys
import tempfile
from pathlib import Path

from bench import _stage as stage

COUNT, EVERY = 1_000, 10
MEMORY, LAID = 120.0, 2.0
WARM, SECONDS = 5.0, 40.0


def main() -> int:
    """A third each of tcp, tls and https; measure, print, judge."""
    with tempfile.TemporaryDirectory() as name, stage.servers("https", Path(name)) as ports:
        each = {kind: stage.endpoints(kind, ports, COUNT) for kind in ("tcp", "tls", "https")}
        chosen = tuple(each[("tcp", "tls", "https")[number % 3]][number] for number in range(COUNT))
        found = stage.apart(stage.run_daemon, Path(name), stage.Load(chosen, EVERY, 5.0, WARM, SECONDS))
    memory = found.rss / 2**20
    stage.table(
        ("endpoints", "probes/s", "MiB resident", "laid after s", "not good", "gaps"),
        [
            (
                COUNT,
                f"{len(found.late) / SECONDS:.0f}",
                f"{memory:.0f}",
                f"{found.laid:.2f}",
                found.bad,
                dict(found.gaps),
            )
        ],
    )
    return stage.verdict(
        {
            f"{COUNT} endpoints take {memory:.0f} MiB, under {MEMORY:.0f} MiB": memory < MEMORY,
            f"the schedule is laid {found.laid:.2f} s after the start, within {LAID:.0f} s": found.laid < LAID,
            "every slot has its record, every record is good": found.bad == 0 and not found.gaps,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
