"""The page as a part of the running daemon: bound before anything is measured, served beside it, closed with it."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from config.sections import Web
from daemon import desk
from daemon.feeding import look_on
from daemon.parts import Daemon
from daemon.web import metrics
from daemon.web.guard import Keys
from daemon.web.known import look_at
from daemon.web.live import Live
from daemon.web.server import listen, make_app, start, url_of
from daemon.web.sight import Sight

log = logging.getLogger("reachd.web")
SECONDS_TO_GATHER = 0.5
"""Between two looks at what is new: nobody reads faster."""


class PageRefused(Exception):  # noqa: N818  what a user reads
    """The page cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that listens and is not served yet."""

    settings: Web
    sock: socket.socket


def bind(settings: Web, closing: ExitStack | AsyncExitStack) -> Page:
    """Listen, without serving yet; the socket is closed with the stack. Raises PageRefused."""
    try:
        return Page(settings, closing.enter_context(listen(*settings.place)))
    except OSError as fault:
        why = fault.strerror or fault
        raise PageRefused(
            f"[web] listen = {settings.listen!r} cannot be listened on: {why}. Stop what listens there, "
            "name another port (0 takes any that is free), or remove [web] to run without a page"
        ) from None


@asynccontextmanager
async def served(daemon: Daemon, page: Page) -> AsyncIterator[str]:
    """Serve the page; gives its address."""
    settings, sock = page.settings, page.sock
    live = Live(daemon.journal.path, daemon.clock.wall)
    sight = sight_of(daemon, live)
    look_on(daemon, live, linger=SECONDS_TO_GATHER)
    keys = Keys(settings.place[0], settings.hosts, settings.token)
    app = make_app(sight, keys, [metrics.routes(look_at(daemon))])
    runner = await start(app, sock)
    try:
        log.info("the page is at %s%s", url_of(sock), "" if settings.token is None else " (with its token)")
        yield url_of(sock)
    finally:
        await runner.cleanup()
        sight.threads.shutdown(wait=False)


def sight_of(daemon: Daemon, live: Live) -> Sight:
    """What the pages of a running daemon look at."""

    def titles() -> dict[str, str]:
        return {service.name: service.title for service in daemon.now.document.services}

    return Sight(daemon.journal.path, daemon.clock, live, partial(desk.told, daemon), titles)
