"""`reachd alerts test`: a signed test message now, the way that events go, and what the receiver says to it."""

import asyncio
from pathlib import Path

from config.document import load
from config.faults import ConfigError, meant
from daemon.commands.terminal import complain, out, printable
from daemon.fitness import Finding
from daemon.outlets import Look, alerts
from probes.clock import SystemClock


def send_test(config: Path | None, name: str) -> int:
    """Send one; 0 if the receiver took it, 1 if not, 2 for a name or a configuration that is wrong."""
    try:
        document = load(config)
    except ConfigError as error:
        return complain(error)
    found = alerts(document).get(name)
    if found is None or found.trial is None:
        known = ", ".join(document.alerts) or "none: add [alerts.NAME] with type and url"
        return complain(f"no alert {name!r} in {document.file}{meant(name, document.alerts)} (there is {known})")
    finding = asyncio.run(_sent(found.trial))
    if finding.verdict == "good":
        out().print(printable(f"{finding.name} {finding.what}"), style="green", soft_wrap=True)
        return 0
    return complain(printable(f"{finding.name}: {finding.what}; {finding.remedy}"), code=1)


async def _sent(trial: Look) -> Finding:
    return await trial(SystemClock())
