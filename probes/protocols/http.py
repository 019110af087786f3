"""Does a web server answer a GET, in plain or over TLS?"""

from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator

from probes.plugin import PROBES, ProbeOptions
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.handshake import handshake
from probes.steps.request import request
from probes.steps.resolve import resolve
from probes.steps.trust import HTTP_1_1
from probes.steps.url import Url, parse_url


class Http(ProbeOptions):
    """Options of the http probe."""

    traffic = 30_000

    target: str
    """An operator sets this to the page that is asked for: `https://web.whatsapp.com/`."""
    trust: str = "public"
    """An operator sets this when the server's certificate is not from a public root: a pinned set, a PEM file, or
    `observe` where the root is not known."""
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """An operator sets this to the statuses that count as good when 451 and those from 500 are not all that is bad, or
    when one of them is the normal answer."""

    @field_validator("target")
    @classmethod
    def _is_url(cls, target: str) -> str:
        parse_url(target)
        return target

    @cached_property
    def url(self) -> Url:
        """The target taken apart."""
        return parse_url(self.target)

    def contacts(self) -> tuple[str, ...]:
        """The host."""
        return (self.url.host,)

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """One over TLS, none in plain."""
        return ((self.trust, HTTP_1_1),) if self.url.secure else ()


@PROBES.add
async def http(run: Run, options: Http) -> None:
    """Resolve, connect, shake hands where the URL says so, ask once; redirects are facts, not followed."""
    url = options.url
    address = await resolve(run, url.host)
    stream = await connect(run, address, url.port)
    if url.secure:
        stream = await handshake(run, stream, url.host, options.trust, HTTP_1_1)
    await request(run, stream, url.authority, url.path, options.expect)
