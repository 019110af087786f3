"""Can a TLS connection be made, and whose certificate is shown?"""

from probes.plugin import PROBES, HostPort
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.handshake import handshake
from probes.steps.resolve import resolve
from probes.steps.trust import ALPN


class Tls(HostPort):
    """Options of the tls probe."""

    traffic = 6_000

    trust: str = "public"
    """An operator sets this when the server's certificate is not from a public root: a pinned set, a PEM file, or
    `observe` where the root is not known."""
    alpn: tuple[str, ...] = ALPN
    """An operator sets this when the server is no web server and refuses the protocols that browsers offer."""

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """One."""
        return ((self.trust, self.alpn),)


@PROBES.add
async def tls(run: Run, options: Tls) -> None:
    """Resolve, connect, shake hands; nothing is sent over it."""
    host, port = options.place
    address = await resolve(run, host)
    stream = await connect(run, address, port)
    await handshake(run, stream, host, options.trust, options.alpn)
