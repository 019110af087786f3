"""A URL taken apart, for the probe types whose target is one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
from urllib.parse import quote

from pydantic import field_validator

from probes.plugin import ProbeOptions, split_host_port
from probes.steps.trust import HTTP_1_1

WEB = {"http": 80, "https": 443}
SOCKETS = {"ws": 80, "wss": 443}
SECURE = frozenset({"https", "wss"})


@dataclass(frozen=True, slots=True)
class Url:
    """A URL taken apart; `authority` as in the Host header, `path` with its query."""

    secure: bool
    host: str
    port: int
    authority: str
    path: str


def parse_url(target: str, ports: Mapping[str, int] = WEB) -> Url:
    """Take a URL apart; `ports` are the schemes with their ports. Raises ValueError that says what to write."""
    if "@" in target.partition("://")[2].partition("/")[0]:  # not quoted: it would show a password
        raise ValueError("a URL with a user name or password is not measured")
    parts = re.fullmatch(r"(?P<scheme>[a-z]+)://(?P<place>[^/?#@]+)(?P<path>[^#\s]*)", target)
    if parts is None or parts["scheme"] not in ports:
        plain, secure = sorted(ports)
        raise ValueError(f"{target!r} is no URL of the form {secure}://host/path or {plain}://host:port/path")
    default = ports[parts["scheme"]]
    host, port = split_host_port(parts["place"], default)
    shown = f"[{host}]" if ":" in host else host
    path = quote(parts["path"], safe="/?&=%:;,+!*'()~@$-._")
    return Url(
        secure=parts["scheme"] in SECURE,
        host=host,
        port=port,
        authority=shown if port == default else f"{shown}:{port}",
        path=path if path.startswith("/") else f"/{path}",
    )


class UrlTarget(ProbeOptions):
    """Options of a probe type whose target is a URL."""

    schemes: ClassVar[Mapping[str, int]] = WEB

    target: str
    """An operator sets this to what is measured, a URL."""
    trust: str = "public"
    """An operator sets this when the server's certificate is not from a public root: a pinned set, a PEM file, or
    `observe` where the root is not known."""

    @field_validator("target")
    @classmethod
    def _is_url(cls, target: str) -> str:
        parse_url(target, cls.schemes)
        return target

    @cached_property
    def url(self) -> Url:
        """The target taken apart."""
        return parse_url(self.target, self.schemes)

    def contacts(self) -> tuple[str, ...]:
        """The host."""
        return (self.url.host,)

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """One over TLS, none in plain."""
        return ((self.trust, HTTP_1_1),) if self.url.secure else ()
