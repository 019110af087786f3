"""What truly happened: the labels of a simulated stream, exact to the microsecond."""

from dataclasses import dataclass

from probes.record import Phase, Series

OWN = "vantage_outage"
BENIGN = "benign"
"""The kind of what must make no event: lossy spells, moves of a CDN, faults of one probe version, clock steps."""


@dataclass(frozen=True, slots=True)
class Wave:
    """One step of a disruption: from when on (microseconds) it holds for which series."""

    since: int
    series: frozenset[Series]


@dataclass(frozen=True, slots=True)
class Truth:
    """One disruption or look-alike, and how it shows. Moments in microseconds."""

    name: int
    kind: str
    """As in events, or `benign`."""
    service: str | None
    mechanism: str
    """Empty: any word of the detector is right (throttles and faults of our own)."""
    waves: tuple[Wave, ...]
    onset: int
    end: int
    shape: str
    """sharp, staged, ramp, flapping."""
    phase: Phase | None
    """Where probes fail; None where they do not."""
    failure: str = ""
    """The kind of failure, as in records."""
    share: float = 1.0
    """Of the probes that fail at full strength."""
    slowing: float = 1.0
    """Factor on latency."""
    ramp: int = 0
    """Microseconds until full strength."""
    pulse: int = 0
    """On and off for so long each, microseconds; 0 is steadily on."""
    address: int | None = None
    """Only this one of an endpoint's addresses, by number."""
    silent: bool = False
    """No record and no heartbeat comes at all."""

    @property
    def series(self) -> frozenset[Series]:
        """All series that are hit sooner or later."""
        return frozenset().union(*(wave.series for wave in self.waves))

    @property
    def vantages(self) -> frozenset[str]:
        """The places that see it."""
        return frozenset(series.vantage for series in self.series)

    def strength(self, moment: int) -> float:
        """Share of full strength at a moment, in its waves."""
        if not self.onset <= moment < self.end or (self.pulse and (moment - self.onset) // self.pulse % 2):
            return 0.0
        return min(1.0, (moment - self.onset + 1) / self.ramp) if self.ramp else 1.0
