"""Does Signal answer, and is it Signal: who vouches for the certificate, and what does the server's page say?"""

from typing import Annotated

from pydantic import Field, field_validator

from probes.plugin import PROBES
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.either_trust import either, handshake_either
from probes.steps.request import request
from probes.steps.resolve import resolve
from probes.steps.trust import HTTP_1_1
from probes.steps.url import UrlTarget, parse_url


class Signal(UrlTarget):
    """Options of the signal probe."""

    traffic = 9_000

    target: str
    """An operator sets this to a server of Signal and the page that is asked for: `https://chat.signal.org/`."""
    trust: str = "signal"
    """An operator sets this when Signal's own authority has changed and the one that is shipped has not: a PEM file."""
    pinned: bool = False
    """An operator sets this when the machine's store holds roots of an employer or of a state: a certificate that is
    vouched for by public roots alone is then a failure."""
    page: bool = True
    """An operator sets this to false when the server has no page: the handshake is then all."""
    expect: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """An operator sets this to the statuses that count as good when 451 and those from 500 are not all that is bad, or
    when one of them is the normal answer."""

    @field_validator("target")
    @classmethod
    def _is_secure(cls, target: str) -> str:
        if not parse_url(target).secure:
            raise ValueError(f"{target!r} is in plain: Signal speaks TLS only, write https://")
        return target

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Both sets together for the handshake, and the own one alone, to tell which of them vouched."""
        return ((either(self.trust), HTTP_1_1), (self.trust, HTTP_1_1))


# A chain that public roots accept and the pinned set does not is no failure, unless `pinned` says so: an authority that
# a service leaves for a public one must not read as a block of it everywhere (it did with OONI in 2023), and who
# intercepts needs a certificate that public roots vouch for (docs/decisions/0012-signal-trust.md).
@PROBES.add
async def signal(run: Run, options: Signal) -> None:
    """Resolve, connect, shake hands held against both sets, ask for the page; redirects are facts, not followed."""
    url = options.url
    address = await resolve(run, url.host)
    stream = await connect(run, address, url.port)
    secured = await handshake_either(run, stream, url.host, options.trust, HTTP_1_1, pinned=options.pinned)
    if options.page:
        await request(run, secured, url.authority, url.path, options.expect)
