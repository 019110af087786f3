"""What a running daemon answers on its local socket: status, reload, pause, resume, annotate."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from config.faults import ConfigError
from daemon.heartbeat import health
from daemon.loops import figures
from daemon.parts import Daemon
from daemon.reload import reload
from daemon.rows import Annotation

Request = Mapping[str, Any]
Reply = dict[str, Any]


async def answer(daemon: Daemon, request: Request) -> Reply:
    """Answer one request `{"command": …}`; a mistake comes back as `{"error": words}`."""
    command = COMMANDS.get(str(request.get("command")))
    if command is None:
        return {"error": f"no such command; there are {', '.join(sorted(COMMANDS))}"}
    return await command(daemon, request)


async def status(daemon: Daemon, _request: Request) -> Reply:
    """How it goes."""
    return told(daemon)


def told(daemon: Daemon) -> Reply:
    """How it goes: the plan, the counts, the journal, each follower."""
    now = daemon.clock.wall()
    followers = {
        name: {
            "cursor": it.cursor,
            "behind": daemon.journal.last - it.cursor,
            "lag": it.lag(now),
            "failures": it.failures,
            "error": it.error,
            "holding": it.holding,
            "alarm": it.alarm,
        }
        for name, it in daemon.standings.items()
    }
    return {
        "state": "paused" if daemon.schedule.paused else "running",
        "config": daemon.now.plan.config,
        "series": len(daemon.now.plan.assignments),
        "vantages": {name: sorted(found) for name, found in daemon.now.families.items()},
        "uptime": daemon.clock.monotonic() - daemon.began,
        "counts": dict(daemon.runner.counts),
        "journal": {
            "path": str(daemon.journal.path),
            "last": daemon.journal.last,
            "condition": daemon.journal.condition,
        },
        "followers": followers,
        "figures": health(figures(daemon)).figures,
    }


async def _reload(daemon: Daemon, _request: Request) -> Reply:
    try:
        return {"changed": list(await reload(daemon))}
    except ConfigError as error:
        return {"error": "the old configuration runs on", "faults": [str(fault) for fault in error.faults]}


async def _pause(daemon: Daemon, _request: Request) -> Reply:
    daemon.schedule.paused = True
    return {"state": "paused"}


async def _resume(daemon: Daemon, _request: Request) -> Reply:
    daemon.schedule.paused = False
    return {"state": "running"}


async def _annotate(daemon: Daemon, request: Request) -> Reply:
    text = str(request.get("text", "")).strip()
    if not text:
        return {"error": "an annotation needs a text"}
    return {"row": await daemon.journal.append([Annotation(text, str(request.get("author", "")))])}


COMMANDS: Mapping[str, Callable[[Daemon, Request], Awaitable[Reply]]] = {
    "status": status,
    "reload": _reload,
    "pause": _pause,
    "resume": _resume,
    "annotate": _annotate,
}
