"""What a closer look at a failure compared and found: the cells of a matrix, and the one thing that they show."""

from dataclasses import dataclass
from enum import StrEnum


class Arm(StrEnum):
    """What a cell did otherwise than the failing series does; one thing each, but for the control."""

    CONTROL = "control"
    """An innocuous name at the address of a control: shows that the line carries what is compared."""
    ORIGINAL = "original"
    """The same once more."""
    NAME = "name"
    """An innocuous name at the target's address."""
    PLACE = "place"
    """The target's name at the address of a control."""
    ADDRESS = "address"
    """Another address of the same name."""
    PORT = "port"
    """Another port of the same address."""
    FAMILY = "family"
    """The other address family."""
    RESOLVER = "resolver"
    """Another resolver."""
    TRANSPORT = "transport"
    """The same resolver over TCP."""
    SIZE = "size"
    """A small transfer instead of a large one."""


class Finding(StrEnum):
    """What the cells show. Only those from `sni` to `residual` are found by comparing with a control that answers."""

    SNI = "sni"
    """The name in the hello is what fails, at whatever address."""
    ADDRESS = "address"
    """The address is what fails, whatever the name; or another address of the name answers."""
    SNI_AND_ADDRESS = "sni_and_address"
    """Only this name at this address fails: a filter on both, or the server itself."""
    SNI_OR_ADDRESS = "sni_or_address"
    """The name fails at an address of a control, and the address fails with an innocuous name: each alone is enough."""
    PORT = "port"
    """Another port of the same address answers."""
    FAMILY = "family"
    """The other address family answers."""
    RESOLVER = "resolver"
    """Another resolver answers."""
    TRANSPORT = "transport"
    """The same resolver answers over TCP."""
    SIZE = "size"
    """A small transfer passes."""
    RESIDUAL = "residual"
    """What answered before the target's name was shown does not right after: a block that stays for a while, or a
    limit on connections."""
    FLAKY = "flaky"
    """The same succeeds at one time and fails at another."""
    EVERYTHING = "everything"
    """Whatever was varied fails, while the control answers: down, or blocked as a whole."""
    WELL = "well"
    """The target answers now."""
    NOTHING_FOUND = "nothing_found"
    """The cells do not tell: too few, no control, or answers of several kinds."""
    LOCAL = "local"
    """The control fails as well, or only faults of our own: the line, not the target."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One connection or question of a diagnosis, and how it ended."""

    arm: Arm
    begin: float
    """Seconds since the diagnosis began."""
    seconds: float
    """How long it took."""
    name: str = ""
    """The name that was shown, or asked for."""
    address: str = ""
    """Where it went; for a question, the resolver."""
    port: int = 0
    family: str = ""
    phase: str = ""
    """The phase that failed, empty where all was well."""
    kind: str = ""
    """How it failed, empty where all was well."""
    alert: int | None = None
    """The TLS alert's number."""
    bytes_in: int | None = None
    """Bytes of the application received."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A closer look at one failure, in the order in which its cells were measured."""

    finding: Finding
    cells: tuple[Cell, ...]
