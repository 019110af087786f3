"""What a failing series is compared with: the control, a name that is strange to it, and what is measured beside it."""

from dataclasses import dataclass

from config.names import family_of
from config.plan import Assignment
from daemon.detect.mechanism import zone_of
from probes.plugin import ProbeOptions
from probes.record import Phase, Record, short_hash

NEUTRAL = ("example.com", "example.org", "example.net")
"""RFC 2606: names to show in a hello where no second control has one; one of them is strange to any two hosts."""


@dataclass(frozen=True, slots=True)
class Control:
    """A series of a control service that is well now, at the same vantage and in the same family."""

    assignment: Assignment
    address: str
    """Where it was well."""

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return place_of(self.assignment.options)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known around a failing series."""

    controls: tuple[Control, ...] = ()
    others: tuple[Assignment, ...] = ()
    """Other series of the same service at the same vantage."""


def pair(record: Record, target: str, controls: tuple[Control, ...]) -> tuple[Control, str] | None:
    """The control to compare with, and an innocuous name to show: chosen by the record, so that they take turns.

    The name is not the control's own: any server may refuse a strange name, and only a control that answers to one
    shows that refusing the target's name is no such refusal.
    """
    fit = sorted(_fit(record, controls), key=lambda control: (control.place, control.assignment.series.endpoint))
    if not fit:
        return None
    chosen = fit[int.from_bytes(short_hash(record.id).encode()) % len(fit)]
    names = [control.place[0] for control in fit if is_name(control.place[0])]
    known = {zone_of(target), zone_of(chosen.place[0])}
    return chosen, next(name for name in (*names, *NEUTRAL) if zone_of(name) not in known)


def _fit(record: Record, controls: tuple[Control, ...]) -> list[Control]:
    """Controls that can answer what failed: a hello wants one that speaks TLS, a question one that has a name."""
    phase = record.failure.phase if record.failure else Phase.APP
    if phase is Phase.DNS:
        return [control for control in controls if is_name(control.place[0])]
    connecting = [control for control in controls if control.place[1]]
    if phase not in {Phase.TLS, Phase.QUIC}:
        return connecting
    speaking = [control for control in connecting if control.assignment.options.trusts()]
    alike = [control for control in speaking if control.assignment.series.probe == record.series.probe]
    return alike if alike and phase is Phase.QUIC else speaking


def place_of(options: ProbeOptions) -> tuple[str, int]:
    """Host and port that a run goes to; for a question, the name and 0."""
    place: tuple[str, int] | None = getattr(options, "place", None)
    if place is not None:
        return place
    url = getattr(options, "url", None)
    return (url.host, url.port) if url is not None else (str(getattr(options, "target", "")), 0)


def is_name(host: str) -> bool:
    """Whether a host is a name and no address."""
    return family_of(host) is None
