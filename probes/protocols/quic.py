"""Does QUIC pass: a handshake with the real name, and after silence whether the server answers at all?"""

from typing import ClassVar

from probes.plugin import PROBES, HostPort
from probes.record import Phase
from probes.run import Run
from probes.steps.datagram import datagrams
from probes.steps.quic import shake
from probes.steps.resolve import resolve


class Quic(HostPort):
    """Options of the quic probe."""

    needs: ClassVar[frozenset[str]] = frozenset({"udp"})
    traffic: ClassVar[int] = 9_000

    trust: str = "public"
    """An operator sets this when the server's certificate is not from a public root: a pinned set, a PEM file, or
    `observe` where the root is not known."""
    alpn: tuple[str, ...] = ("h3",)
    """An operator sets this when the server speaks another protocol than HTTP/3 over QUIC."""

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """One; what is offered is QUIC's own matter."""
        return ((self.trust, ()),)


@PROBES.add
async def quic(run: Run, options: Quic) -> None:
    """Resolve, shake hands; no request is sent."""
    host, port = options.place
    address = await resolve(run, host)
    way = await datagrams(run, address, port)
    async with run.phase(Phase.QUIC):
        await shake(run, way, host, options.trust, options.alpn)
