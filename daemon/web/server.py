"""The server of the page: its routes and guards, and the socket it listens on."""

import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from daemon.web import api, pages, stream
from daemon.web.guard import Keys, add_headers, guard
from daemon.web.sight import SIGHT, Sight
from probes.plugin import join_host_port

STATIC = Path(__file__).parent / "static"
GOODBYE = 0.5
"""Seconds that requests under way have at the end: a daemon stops within three."""

Routes = Callable[[web.Application], object]


def make_app(sight: Sight, keys: Keys, more: Sequence[Routes] = ()) -> web.Application:
    """The page as an application; `more` add routes of their own, behind the same guards."""
    app = web.Application(middlewares=[guard(keys), pages.faults])
    app[SIGHT] = sight
    app.on_response_prepare.append(add_headers)
    for routes in (pages.routes, api.routes, stream.routes, *more):
        routes(app)
    app.router.add_static("/static/", STATIC)
    app.on_shutdown.append(_hang_up)
    return app


async def _hang_up(app: web.Application) -> None:
    """Event streams never end by themselves."""
    app[SIGHT].live.hang_up()


def listen(host: str, port: int) -> socket.socket:
    """The socket of the page, so that nothing is measured if it cannot be had. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


async def start(app: web.Application, sock: socket.socket) -> web.AppRunner:
    """Serve until `cleanup()` of what is returned."""
    runner = web.AppRunner(app, access_log=None, logger=logging.getLogger("reachd.web"), shutdown_timeout=GOODBYE)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    return runner


def url_of(sock: socket.socket) -> str:
    """Where the page is, as a reader on this machine would type it."""
    host, port = sock.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared with, not bound to
    return f"http://{join_host_port(host, port)}/"
