"""Does a web server answer a GET, in plain or over TLS?"""

from typing import Annotated

from pydantic import Field

from probes.plugin import PROBES
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.handshake import handshake
from probes.steps.request import request
from probes.steps.resolve import resolve
from probes.steps.trust import HTTP_1_1
from probes.steps.url import UrlTarget


class Http(UrlTarget):
    """Options of the http probe."""

    traffic = 30_000

    target: str
    """An operator sets this to the page that is asked for: `https://web.whatsapp.com/`."""
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """An operator sets this to the statuses that count as good when 451 and those from 500 are not all that is bad, or
    when one of them is the normal answer."""


@PROBES.add
async def http(run: Run, options: Http) -> None:
    """Resolve, connect, shake hands where the URL says so, ask once; redirects are facts, not followed."""
    url = options.url
    address = await resolve(run, url.host)
    stream = await connect(run, address, url.port)
    if url.secure:
        stream = await handshake(run, stream, url.host, options.trust, HTTP_1_1)
    await request(run, stream, url.authority, url.path, options.expect)
