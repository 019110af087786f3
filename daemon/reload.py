"""Another configuration for a running daemon: all of it is validated first, and the old one stays on any mistake."""

import asyncio
import logging

from config.changes import describe
from config.faults import ConfigError
from daemon.feeding import lay_sinks
from daemon.parts import Daemon
from daemon.planned import Prepared, plan_row, prepare, prepared

log = logging.getLogger("reachd.reload")


def take_on(daemon: Daemon, now: Prepared) -> tuple[str, ...]:
    """Run another configuration from now on; returns what changed, in words."""
    changed = describe(daemon.now.plan, now.plan)
    if now.document.journal != daemon.now.document.journal:
        changed += ("journal: another path needs a restart; the old one is used on",)
    if now.document.web != daemon.now.document.web:
        changed += ("web: a change needs a restart; the page stays as it is",)
    daemon.now = now
    daemon.limiter.owned = now.owned
    daemon.runner.vantages = now.vantages
    daemon.runner.confirmation.keep({item.series for item in now.plan.assignments})
    daemon.runner.diagnoses.keep(now.plan)
    daemon.schedule.lay(now.plan.assignments)
    daemon.journal.append([plan_row(now, changed)])
    lay_sinks(daemon)
    log.info("reloaded: %s", "; ".join(changed) or "nothing changed")
    return changed


async def reload(daemon: Daemon) -> tuple[str, ...]:
    """Read the file again and run it; returns what changed. Raises ConfigError and leaves all as it was."""
    try:
        now = await asyncio.to_thread(prepare, daemon.path)
    except ConfigError as error:
        log.error("not reloaded, the old configuration runs on:\n%s", error)  # noqa: TRY400  the mistakes are the message
        raise
    if daemon.stop.is_set():  # meanwhile: nothing may be laid out again
        return ()
    return take_on(daemon, now)


def look_at_families(daemon: Daemon) -> None:
    """A vantage may have gained or lost IPv6: plan anew if so."""
    now = prepared(daemon.now.document, daemon.now.vantages)
    if now.families != daemon.now.families:
        take_on(daemon, now)
