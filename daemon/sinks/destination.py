"""Where points go and how long we wait for an answer."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from probes.record import short_hash


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for a whole request, for its connection, and between two pieces of the answer."""

    total: float = 60.0
    connect: float = 15.0
    read: float = 30.0


PATIENT = Patience()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where points go; `proxy` is http://…, socks5://… or empty, `ca` a PEM file or empty. No secret is in its repr."""

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    proxy: str = field(default="", repr=False)
    ca: str = ""

    def mark(self) -> str:
        """Names the store, whatever the token and the way to it."""
        return short_hash(self.url.rstrip("/"), self.org, self.bucket)

    def scrub(self, text: str) -> str:
        """A text without our secrets, whoever wrote it."""
        password = urlsplit(self.proxy).password or ""
        for secret in (self.token, password, unquote(password)):
            text = text.replace(secret, "***") if secret else text
        return text
