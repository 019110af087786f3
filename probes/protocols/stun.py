"""Does UDP of a call pass: is a STUN server's answer to be had, and what becomes of random bytes beside it?"""

from ipaddress import ip_address
from typing import ClassVar

from pydantic import field_validator

from probes.plugin import PROBES, HostPort, split_host_port
from probes.record import Phase
from probes.run import Run
from probes.steps.datagram import datagrams
from probes.steps.resolve import resolve
from probes.steps.stun import bind, bind_beside


class Stun(HostPort):
    """Options of the stun probe."""

    needs: ClassVar[frozenset[str]] = frozenset({"udp"})
    traffic: ClassVar[int] = 300

    peer: str | None = None
    """An operator sets this to an own echo server, `address:port`: random bytes that pass while STUN is silent show
    that calls are known by what they say and not by their port."""

    @field_validator("peer")
    @classmethod
    def _is_address(cls, peer: str | None) -> str | None:
        if peer is not None:
            ip_address(split_host_port(peer)[0])
        return peer

    def contacts(self) -> tuple[str, ...]:
        """The server, and the peer."""
        return (self.place[0], *((split_host_port(self.peer)[0],) if self.peer else ()))


@PROBES.add
async def stun(run: Run, options: Stun) -> None:
    """Resolve, ask how we are seen; our address as the server sees it is not kept."""
    host, port = options.place
    address = await resolve(run, host)
    beside = await datagrams(run, *split_host_port(options.peer)) if options.peer else None
    way = await datagrams(run, address, port)
    async with run.phase(Phase.APP):
        await (bind(run, way) if beside is None else bind_beside(run, way, beside))
