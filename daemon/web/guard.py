"""Who may read the page: the Host header, the token, and the headers that every answer carries."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from config.secrets import Secret
from probes.plugin import split_host_port

COOKIE = "reachd"
OPEN = ("/-/", "/static/")
"""What tells nothing about results is answered without a token: a watchdog has none."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Keys:
    """By which names the page is asked for, and what a reader has to show."""

    host: str
    """What it listens on."""
    hosts: tuple[str, ...] = ()
    """Further names, such as that of a proxy in front."""
    token: Secret | None = None

    def knows(self, header: str) -> bool:
        """Whether a Host header means this page: a foreign name that resolves to us (DNS rebinding) does not."""
        try:
            name = split_host_port(header, 80)[0]
        except ValueError:
            return False
        if name in {"localhost", self.host, *self.hosts}:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or (self.host in {"0.0.0.0", "::"})  # noqa: S104  compared with, not bound to

    def cookie(self) -> str:
        """What the cookie holds: derived from the token, so that a stolen jar does not tell it."""
        return "" if self.token is None else _mark(self.token.reveal())

    def admits(self, request: web.Request) -> bool:
        """Whether a request shows the token."""
        if self.token is None:
            return True
        kind, _space, shown = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(shown.strip(), self.token.reveal()):
            return True
        return _same(request.cookies.get(COOKIE, ""), self.cookie())

    def is_token(self, shown: str) -> bool:
        """Whether this text is the token."""
        return self.token is not None and _same(shown, self.token.reveal())


def _mark(token: str) -> str:
    return hmac.new(token.encode(), b"reachd page", hashlib.sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def guard(keys: Keys) -> Middleware:
    """A middleware that lets through what may pass: 421 for a foreign Host, 401 without the token."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not keys.knows(request.headers.get("Host", "")):
            return web.Response(status=421, text="This page is not known by that name: set [web] hosts.\n")
        shown = request.query.get("token")
        if shown is not None and keys.is_token(shown):
            return _remember(request, keys)
        if request.path.startswith(OPEN) or keys.admits(request):
            return await handler(request)
        return web.Response(
            status=401,
            text="A token is needed: open this page once with ?token=… behind its address, "
            "or send it as Authorization: Bearer.\n",
            headers={"WWW-Authenticate": 'Bearer realm="reachd"'},
        )

    return check


def _remember(request: web.Request, keys: Keys) -> web.StreamResponse:
    """Set the cookie and go to the same page without the token in its address."""
    rest = urlencode([(name, value) for name, value in request.query.items() if name != "token"])
    # One slash: `//elsewhere` would be another host.
    answer = web.Response(
        status=303, headers={"Location": "/" + request.path.lstrip("/") + (f"?{rest}" if rest else "")}
    )
    secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
    answer.set_cookie(COOKIE, keys.cookie(), httponly=True, samesite="Strict", secure=secure, max_age=90 * 86_400)
    return answer


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal of aiohttp: every answer carries the headers, errors too; only style and script may be kept."""
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
