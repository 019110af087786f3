"""An event in the making: its members, what is known of them, and its last revision."""

from dataclasses import dataclass, field

from daemon.rows import Event
from probes.record import Series


@dataclass(slots=True)
class Member:
    """A series that is part of an event; moments in microseconds."""

    mechanism: str
    phase: str
    before: int
    first_bad: int
    last_bad: int
    artefact: bool = False
    ids: list[str] = field(default_factory=list)
    contra: list[str] = field(default_factory=list)
    up: int = 0
    """Began of the first good record of its recovery, 0 while it is down."""
    proof: str = ""
    """What closer looks found."""


@dataclass(slots=True)
class Case:
    """One event from its first suspicion until two hours after its end."""

    id: str
    kind: str
    service: str | None
    detected: int
    vantages: list[str]
    """Where it is, in order of their names; for a wide event also those without a member (silent ones)."""
    family: str = ""
    """The family that is out, for the outage of one family at a vantage."""
    members: dict[Series, Member] = field(default_factory=dict)
    mechanism: str = ""
    """Of a wide event: outage or whitelist. Of others: frozen once recovery starts."""
    mechanisms: dict[str, str] = field(default_factory=dict)
    onset: tuple[int, int] = (0, 0)
    confirmed: bool = False
    recovering: bool = False
    elsewhere: bool = False
    """The service answers at another place."""
    reopened: int | None = None
    changed: int = 0
    """Data time of the last revision."""
    back: dict[str, int] = field(default_factory=dict)
    """Of a wide event: vantage to when it came back."""
    part_of: str = ""
    """The wide event in which it ends."""
    going: bool = True
    event: Event | None = None
    """The last revision."""

    @property
    def wide(self) -> bool:
        """Whether it concerns a place or network instead of a service."""
        return self.service is None
