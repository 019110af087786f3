"""`reachd check`: is the configuration right? Every mistake at once."""

import json as jsonlib
from pathlib import Path

from config import budget
from config.faults import ConfigError
from config.plan import Plan
from daemon import fitness
from daemon.commands.terminal import err, out
from daemon.planned import validated


def check(config: Path | None, *, json: bool) -> int:
    """Say what is wrong on stderr, or that nothing is; 0 or 2. With `json` one object on stdout."""
    try:
        document, laid = validated(config)
    except ConfigError as error:
        return _wrong(error, json=json)
    remarks = [*laid.notices, *budget.warnings(document, laid)]
    others = fitness.packages()
    if others.remedy:
        remarks.append(f"packages: {others.what}; {others.remedy}")
    if json:
        out().print(jsonlib.dumps({"file": document.file, "faults": [], "notices": remarks}), soft_wrap=True)
        return 0
    for remark in remarks:
        err().print(f"note: {remark}")
    out().print(f"{document.file}: good: {extent(laid)}")
    return 0


def extent(laid: Plan) -> str:
    """`82 series from 1 vantage`."""
    series, vantages = len(laid.assignments), len(laid.vantages)
    return f"{series} series from {vantages} {'vantage' if vantages == 1 else 'vantages'}"


def _wrong(error: ConfigError, *, json: bool) -> int:
    if json:
        faults = [
            {"file": it.origin.file, "line": it.origin.line, "key": it.origin.path, "what": it.what}
            for it in error.faults
        ]
        out().print(jsonlib.dumps({"faults": faults}), soft_wrap=True)
    else:
        err().print(str(error), soft_wrap=True)
        count = len(error.faults)
        err().print(f"{count} {'mistake' if count == 1 else 'mistakes'}; nothing was started")
    return 2
