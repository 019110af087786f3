"""The event stream: one line to each open page when something has changed; the page then asks for itself anew."""

import asyncio
from contextlib import suppress

from aiohttp import web

from daemon.web.sight import SIGHT

ALIVE = 15.0
"""Seconds of silence after which a comment is sent: proxies keep the connection, and a dead reader is noticed."""
PATIENCE = 10.0
"""Seconds a write may wait for a reader that takes nothing."""
AGAIN = "retry: 2000\n\n"
"""Milliseconds after which a browser connects again by itself."""


def routes(app: web.Application) -> None:
    """`/events/stream`."""
    app.router.add_get("/events/stream", follow)


async def follow(request: web.Request) -> web.StreamResponse:
    """Send what changes until the reader goes, lags, or the daemon stops."""
    live = request.app[SIGHT].live
    queue = live.join()
    if queue is None:
        raise web.HTTPServiceUnavailable(text="Too many open pages; try again later.\n", headers={"Retry-After": "30"})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    try:
        with suppress(ConnectionError, TimeoutError):
            await response.prepare(request)
            await _send(response, AGAIN)
            await _pass_on(response, queue)
    finally:
        live.leave(queue)
    return response


async def _pass_on(response: web.StreamResponse, queue: asyncio.Queue[str | None]) -> None:
    while True:
        try:
            async with asyncio.timeout(ALIVE):
                message = await queue.get()
        except TimeoutError:
            await _send(response, ": alive\n\n")
            continue
        if message is None:
            return
        await _send(response, f"event: news\ndata: {message}\n\n")


async def _send(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await response.write(text.encode())
