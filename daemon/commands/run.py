"""`reachd run`: the daemon, until SIGTERM or SIGINT."""

import asyncio
from pathlib import Path

from config.faults import ConfigError
from config.service import Service
from daemon import app, log
from daemon.commands.terminal import complain, err
from daemon.commands.unreadable import UNREADABLE, unreadable
from daemon.planned import Prepared, prepare
from daemon.web.mount import PageRefused
from probes.clock import SystemClock


def run(config: Path | None, log_format: str) -> int:
    """Run; 0 after a stop, 2 if the configuration or the journal cannot be used."""
    if log_format not in log.FORMATS:
        return complain(f"--log-format {log_format}: choose text or json")
    try:
        now = prepare(config)
    except ConfigError as error:
        return complain(error)
    log.set_up(log_format)
    if config is None:
        err().print(announcement(now))
    for notice in now.plan.notices:
        err().print(f"note: {notice}")
    try:
        asyncio.run(app.serve(config, now, SystemClock()))
    except PageRefused as fault:
        return complain(fault)
    except UNREADABLE as fault:
        return unreadable(fault, now.document.journal)
    except OSError as fault:
        return complain(f"cannot start with journal = {now.document.journal}: {fault.strerror or fault}")
    return 0


def announcement(now: Prepared) -> str:
    """What is about to be contacted: without a configuration of one's own, starting it is the consent."""
    services = "\n".join(
        f"  {service.title}: {', '.join(sorted(contacts(service)))}" for service in now.document.services
    )
    return (
        "No configuration named: this measures from your own line, each address at most once in ten seconds,\n"
        f"and contacts\n{services}\n"
        f"Results go to {now.document.journal}{_page(now)}.\n"
        "Starting it is the consent; Ctrl-C stops it. Your own: reachd init"
    )


def _page(now: Prepared) -> str:
    web = now.document.web
    return f", the page is at http://{web.listen}" if web else ""


def contacts(service: Service) -> set[str]:
    """All hosts that a service's endpoints contact or ask."""
    return {host for endpoint in service.endpoints for host in endpoint.options.contacts()}
