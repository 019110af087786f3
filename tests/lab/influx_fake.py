"""An HTTP server that stores points as InfluxDB does, and on demand answers what no real one can be made to answer."""

import asyncio
import gzip
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from daemon.sinks.destination import Destination

Script = Callable[[web.Request], Any]
JSON = "application/json; charset=utf-8"


class FakeInflux:
    """Points by (series, time) in order of arrival; `script` holds answers to come, used up one by one."""

    def __init__(self) -> None:
        self.port = 0
        self.secure = False
        self.points: dict[tuple[str, int], str] = {}
        self.sizes: list[int] = []
        self.tokens: list[str] = []
        self.script: list[Script] = []
        self.malformed: Callable[[str], bool] = lambda line: False
        self.conflicting: Callable[[str], bool] = lambda line: False
        self.largest = 10**9
        self.at_once = self.most_at_once = 0
        self.retention = 0
        self.look_status = 200
        self.looks = 0

    def destination(self, **changes: str) -> Destination:
        scheme = "https" if self.secure else "http"
        plain = {"url": f"{scheme}://127.0.0.1:{self.port}", "org": "lab", "bucket": "b", "token": "s3cret-token"}
        return Destination(**(plain | changes))

    async def write(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._write(request)
        finally:
            self.at_once -= 1

    async def _write(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        lines = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode().split("\n")
        self.sizes.append(len(lines))
        self.tokens.append(request.headers["Authorization"])
        if self.script:
            return await self.script.pop(0)(request)
        if len(lines) > self.largest:
            return answer(413, "request entity too large")
        broken = next(filter(self.malformed, lines), None)
        if broken is not None:
            return answer(400, f"unable to parse '{broken}': missing field value")
        good = [line for line in lines if not self.conflicting(line)]
        self._store(good)
        if len(good) < len(lines):
            return answer(422, f"partial write: field type conflict: it is a float dropped={len(lines) - len(good)}")
        return web.Response(status=204)

    def _store(self, lines: list[str]) -> None:
        for line in lines:
            parts = re.fullmatch(r"((?:[^\\ ]|\\.)+) (.+) (-?\d+)", line, re.DOTALL)
            assert parts is not None, f"not a line: {line}"
            self.points[parts[1], int(parts[3])] = parts[2]

    async def look(self, request: web.Request) -> web.StreamResponse:
        self.looks += 1
        if self.look_status != 200:
            return answer(self.look_status, "not now, or not you")
        rules = [{"type": "expire", "everySeconds": self.retention}]
        return web.json_response({"buckets": [{"name": "b", "retentionRules": rules}]})


def answer(status: int, message: str, **headers: str) -> web.Response:
    """An error as InfluxDB words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"code": "invalid", "message": message})
    return web.Response(status=status, body=body.encode(), headers={"Content-Type": JSON} | named)


def says(status: int, message: str = "", **headers: str) -> Script:
    """Answers once with that status."""

    async def script(request: web.Request) -> web.StreamResponse:
        return answer(status, message, **headers)

    return script


def page(status: int) -> Script:
    """Answers once with a page for people, as a portal or a censor does."""

    async def script(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<html>This resource is blocked</html>", content_type="text/html")

    return script


async def reset(request: web.Request) -> web.StreamResponse:
    """Breaks the connection off."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


async def silence(request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def fake_influx(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeInflux]:
    """The server on a loopback port."""
    fake = FakeInflux()
    app = web.Application(client_max_size=2**30)
    app.router.add_post("/api/v2/write", fake.write)
    app.router.add_get("/api/v2/buckets", fake.look)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    fake.port, fake.secure = runner.addresses[0][1], tls is not None
    try:
        yield fake
    finally:
        await runner.cleanup()
