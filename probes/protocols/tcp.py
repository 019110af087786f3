"""Can a TCP connection be made?"""

from probes.plugin import PROBES, HostPort
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.resolve import resolve


class Tcp(HostPort):
    """Options of the tcp probe."""

    traffic = 500


@PROBES.add
async def tcp(run: Run, options: Tcp) -> None:
    """Resolve and connect; no byte is sent."""
    host, port = options.place
    address = await resolve(run, host)
    await connect(run, address, port)
