"""The lab as tests use it: `with lab() as made: made.censor.tell([...]); made.world.tell({...})`."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab.certificates import authority
from tests.lab.net.addresses import all_addresses
from tests.lab.net.papers import save
from tests.lab.net.process import Program, running
from tests.lab.net.topology import Topology, topology


@dataclass(frozen=True, slots=True)
class Lab:
    """The wires, the censor and the world."""

    wires: Topology
    censor: Program
    world: Program


@contextmanager
def lab() -> Iterator[Lab]:
    """Start all; certificates are of the authority that the trust set `lab` of the tests holds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        save(authority(), folder / "authority.pem")
        wires = stack.enter_context(topology(all_addresses()))
        world = stack.enter_context(running(wires.world, "tests.lab.net.world", str(folder / "authority.pem")))
        yield Lab(wires, stack.enter_context(running(wires.mid, "tests.lab.net.censor")), world)
