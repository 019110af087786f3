"""A receiver of webhooks that checks signatures and keeps a ledger, and on demand refuses, stalls, resets or lies.

As a program (`python -m tests.lab.receiver PORT LEDGER`) each message is in a file before it says so.
"""

import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

SECRET = "s3cret-of-the-lab"
Script = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """What came, and what to answer next; `script` is used up one by one, then everything is taken."""

    port: int = 0
    secret: str = SECRET
    script: list[Script] = field(default_factory=list)
    always: Script | None = None
    """Answers everything, once the script is used up."""
    taken: list[dict[str, Any]] = field(default_factory=list)
    """Bodies that were answered with 200, in order of arrival, repeats included."""
    refused: list[dict[str, Any]] = field(default_factory=list)
    """Bodies that came and were not taken."""
    headers: list[dict[str, str]] = field(default_factory=list)
    unsigned: int = 0
    """Messages whose signature was missing or wrong."""
    peers: list[str] = field(default_factory=list)
    ledger: Path | None = None
    pause: float = 0.0
    """Seconds between keeping a message and saying so: the moment in which a kill makes a repeat."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/t0ken-in-the-path"

    async def receive(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw)
        self.headers.append(dict(request.headers))
        self.peers.append(request.remote or "")
        if not self.is_signed(request, raw):
            self.unsigned += 1
            return web.Response(status=401, text="who are you?")
        script = self.script.pop(0) if self.script else self.always
        if script is not None:
            self.refused.append(body)
            return await script(request)
        self.keep(body)
        await asyncio.sleep(self.pause)
        return web.Response(text="thanks")

    def is_signed(self, request: web.Request, raw: bytes) -> bool:
        """As docs/alerts.md tells a receiver to do it."""
        moment = request.headers.get("X-Reachd-Timestamp", "")
        right = hmac.new(self.secret.encode(), moment.encode() + b"." + raw, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, request.headers.get("X-Reachd-Signature", ""))

    def keep(self, body: dict[str, Any]) -> None:
        self.taken.append(body)
        if self.ledger is not None:
            with self.ledger.open("a") as file:
                file.write(json.dumps(body) + "\n")

    def transitions(self) -> list[tuple[str, int, str]]:
        """Event, revision and transition of all that was taken, digests taken apart, each once, in order."""
        return list(dict.fromkeys(told for body in self.taken for told in parts_of(body)))


def parts_of(body: dict[str, Any]) -> list[tuple[str, int, str]]:
    """The transitions that a message tells."""
    if body["transition"] == "digest":
        return [(part["event"], part["revision"], part["transition"]) for part in body["transitions"]]
    event = body.get("event")
    return [(event["id"], event["revision"], body["transition"])] if event else []


def says(status: int, text: str = "", **headers: str) -> Script:
    """Answers with that status."""

    async def script(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return script


async def reset(request: web.Request) -> web.StreamResponse:
    """Breaks the connection off."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)


async def stall(request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


def takes_and_resets(receiver: Receiver) -> Script:
    """Keeps the message, but the answer is lost: the sender cannot know."""

    async def script(request: web.Request) -> web.StreamResponse:
        receiver.keep(receiver.refused.pop())
        return await reset(request)

    return script


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """The server on a loopback port, that of the receiver if it has one."""
    receiver = receiver or Receiver()
    app = web.Application()
    app.router.add_post("/hook/{token}", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", receiver.port, reuse_address=True)
    await site.start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def _serve(port: int, ledger: Path) -> None:
    async with receiving(Receiver(port, ledger=ledger, pause=0.1)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
