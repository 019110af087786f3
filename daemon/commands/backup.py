"""`reachd backup`: a whole copy of the journal of a running or stopped daemon."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn

from daemon.commands.terminal import complain, err, out
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.journal.backup import copy
from daemon.moments import SECOND
from probes.clock import Clock, SystemClock


def backup(journal: Path, target: Path | None = None) -> int:
    """Copy the journal to `target` (a file, or a folder), by default beside it under the time; prints the path."""
    chosen = _chosen(journal, target, SystemClock())
    if not chosen.parent.is_dir():
        return complain(f"no copy was made: there is no folder {chosen.parent}")
    try:
        _copy(journal, chosen)
    except UNREADABLE as fault:
        return unreadable(fault, journal)
    except OSError as fault:
        return complain(f"no copy was made: {fault}")
    out().print(str(chosen), soft_wrap=True)
    return 0


def _chosen(journal: Path, target: Path | None, clock: Clock) -> Path:
    stamp = datetime.fromtimestamp(clock.wall() / SECOND, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{journal.stem}.{stamp}{journal.suffix}"
    if target is None:
        return journal.with_name(name)
    return target / name if target.is_dir() else target


def _copy(journal: Path, target: Path) -> None:
    """Copy, and show how far it is where a person waits."""
    if not sys.stderr.isatty():
        copy(journal, target)
        return
    with Progress(
        TextColumn("copying {task.percentage:.0f} %"), BarColumn(), console=err(), transient=True
    ) as progress:
        task = progress.add_task("copy")
        copy(journal, target, lambda done, total: progress.update(task, completed=done, total=total))
