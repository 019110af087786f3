"""How good the events are: our detection beside other tools' rules, on simulated streams whose truth is known.

`python -m bench.detection --seeds 1-3 --days 3 --mix default --every 60 --json FILE`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench import _stage as stage
from bench.detection.draw import MIXES
from bench.detection.figures import figures, table
from bench.detection.run import Result, Setting, simulate
from bench.detection.truth import Truth


def seeds(text: str) -> list[int]:
    """`1-3,7` as numbers."""
    found: list[int] = []
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    parser.add_argument("--seeds", type=seeds, default=[1], help="as 1-3,7")
    parser.add_argument("--days", type=float, default=3.0)
    parser.add_argument("--mix", choices=sorted(MIXES), default="default")
    parser.add_argument("--every", type=int, default=60, help="seconds between two probes of a series")
    parser.add_argument("--vantages", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1, help="processes, one seed each")
    parser.add_argument("--no-baselines", action="store_true", help="ours and the bound only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures, outcomes and truths")
    parser.add_argument("--misses", action="store_true", help="list what was missed and what was false")
    return parser.parse_args(words)


def _tell(seed: int, days: float) -> None:
    print(f"seed {seed}: day {days:.0f}", file=sys.stderr, flush=True)


def measure(setting: Setting) -> Result:
    """One stream, with progress on stderr."""
    return simulate(setting, partial(_tell, setting.seed))


def show(results: Sequence[Result]) -> None:
    """The table, pooled over seeds."""
    names = results[0].scores
    head, *lines = table({name: [result.scores[name] for result in results] for name in names})
    stage.table(head, list(lines))
    rows = sum(result.rows for result in results)
    cost = sum(result.microseconds * result.rows for result in results) / rows
    print(f"{rows:,} rows, detection {cost:.1f} us a row")


def misses(results: Sequence[Result]) -> None:
    """What was not found with the right kind, and what had nothing behind it, of what was sent."""
    for result in results:
        by_name = {truth.name: truth for truth in result.truths}
        for one in result.scores["sent"].outcomes:
            if not one.right or not one.mechanism:
                print(f"seed {result.setting.seed} {'wrong ' if one.events else 'missed'} {line(by_name[one.truth])}")
        for found in result.said["sent"]:
            print(f"seed {result.setting.seed} said   {found.kind} {found.service} {found.mechanism}"
                  f" {sorted(found.vantages)} {found.detected} {found.ended}")  # fmt: skip


def line(truth: Truth) -> str:
    """A truth in one line."""
    what = f"{truth.kind} {truth.service} {truth.mechanism} {truth.shape} share {truth.share:.2f} x{truth.slowing:.1f}"
    return f"{what} {sorted(truth.vantages)} {truth.onset} {truth.end}"


def plain(results: Sequence[Result]) -> dict[str, object]:
    """For JSON: settings, pooled figures, and each stream's outcomes and truths."""
    names = results[0].scores
    return {
        "figures": {name: figures([result.scores[name] for result in results]) for name in names},
        "streams": [
            {
                "setting": asdict(result.setting),
                "rows": result.rows,
                "microseconds": result.microseconds,
                "scores": {name: one.plain() for name, one in result.scores.items()},
                "truths": [line(truth) for truth in result.truths],
            }
            for result in results
        ],
    }


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    asked = arguments(words)
    more = (asked.days, asked.mix, asked.every, asked.vantages, not asked.no_baselines)
    settings = [Setting(seed, *more) for seed in asked.seeds]
    if asked.jobs > 1:
        with ProcessPoolExecutor(min(asked.jobs, len(settings)), mp_context=stage.SPAWN) as pool:
            results = list(pool.map(measure, settings))
    else:
        results = [measure(setting) for setting in settings]
    show(results)
    if asked.misses:
        misses(results)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(plain(results), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
