"""Which cells a closer look at a failure has, and in which order: pure, the same record gives the same cells."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from config.plan import Assignment
from daemon.diagnose_ground import Control, Ground, is_name, pair, place_of
from probes.diagnosis import Arm
from probes.plugin import ProbeOptions, join_host_port
from probes.protocols.dns import Dns
from probes.protocols.tcp import Tcp
from probes.protocols.tls import Tls
from probes.record import Kind, Phase, Record, short_hash
from probes.run import Attempt, Instead
from probes.steps.resolver import parse_resolver

TRIGGERED = frozenset({Kind.RESET, Kind.TIMEOUT, Kind.SYSTEM_TIMEOUT, Kind.EOF, Kind.TLS_FAILED, Kind.TLS_JUNK})
"""What a name in a hello may set off; a certificate that is not accepted is another question."""


@dataclass(frozen=True, slots=True)
class Try:
    """A cell to measure."""

    arm: Arm
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Failing:
    """What is looked into: the failing record, its attempt as a base for others, and who it is compared with."""

    record: Record
    base: Attempt
    control: Control
    innocuous: str
    others: tuple[Assignment, ...]

    @property
    def place(self) -> tuple[str, int]:
        """Host and port of the target."""
        return place_of(self.base.options)

    def at(self, **instead: Any) -> Attempt:  # noqa: ANN401  the fields of Instead
        """The failing attempt with one thing changed, and at the address that failed if nothing is said of it."""
        return replace(self.base, instead=Instead(**{"address": self.record.facts.address, **instead}))


def tries(record: Record, base: Attempt, ground: Ground) -> tuple[Try, ...]:
    """The cells to measure, in their order; none where nothing can be compared. `base` is the attempt that failed."""
    planned = PLANNERS.get(record.failure.phase) if record.failure else None
    chosen = pair(record, place_of(base.options)[0], ground.controls)
    if chosen is None or planned is None:
        return ()
    return tuple(planned(Failing(record, base, *chosen, ground.others)))


# ---- names and addresses (TLS, QUIC) ---------------------------------------------------------------------------------


def _names(failing: Failing) -> Iterator[Try]:
    """The matrix. A name that is shown twice shows whether it stays answered after the target's name was."""
    record, (host, _port) = failing.record, failing.place
    failing = replace(failing, base=_hello(failing.base, record))
    control = _control_hello(failing)
    if not is_name(host) or not _may_be_triggered(record):
        yield from _framed(failing, Try(Arm.CONTROL, control), _ways(failing))
        return
    strange = Try(Arm.NAME, failing.at(name=failing.innocuous))
    at_target = (strange, Try(Arm.ORIGINAL, failing.at()), strange)
    shown = replace(control, instead=replace(control.instead, name=host))
    at_control = (Try(Arm.PLACE, shown), Try(Arm.CONTROL, control))
    yield Try(Arm.CONTROL, control)
    for block in sorted((at_target, at_control), key=lambda block: short_hash(record.id, block[0].arm)):
        yield from block
    yield Try(Arm.ORIGINAL, failing.at())


def _may_be_triggered(record: Record) -> bool:
    """An alert has many kinds: 112 is counted as a wrong host name."""
    failure = record.failure
    return failure is not None and (failure.kind in TRIGGERED or record.facts.alert is not None)


def _hello(base: Attempt, record: Record) -> Attempt:
    """The failing attempt as a bare handshake: what comes after it is not in question."""
    if record.failure is None or record.failure.phase is not Phase.TLS or isinstance(base.options, Tls):
        return base
    trust, alpn = base.options.trusts()[0]
    return _as_probe(base, "tls", Tls(target=join_host_port(*place_of(base.options)), trust=trust, alpn=alpn))


def _control_hello(failing: Failing) -> Attempt:
    """The same handshake at the control, with the innocuous name."""
    address, port = failing.control.address, failing.control.place[1]
    return replace(failing.base, instead=Instead(address=address, port=port, name=failing.innocuous))


def _as_probe(base: Attempt, probe: str, options: ProbeOptions) -> Attempt:
    return replace(base, series=replace(base.series, probe=probe), options=options)


# ---- other ways to the same ------------------------------------------------------------------------------------------


def _connections(failing: Failing) -> Iterator[Try]:
    """Of TCP: other addresses, ports, families."""
    bare = Tcp(target=join_host_port(*failing.place))
    failing = replace(failing, base=_as_probe(failing.base, "tcp", bare))
    yield from _framed(failing, _own_control(failing), [*_ports(failing), *_ways(failing)])


def _exchanges(failing: Failing) -> Iterator[Try]:
    """Of what is said over a connection: the whole probe at other addresses and families, and with less to transfer."""
    small = failing.base.options.smaller()
    less = [Try(Arm.SIZE, replace(failing.at(), options=small))] if small else []
    yield from _framed(failing, _own_control(failing), [*less, *_ways(failing)])


def _own_control(failing: Failing) -> Try:
    """The control as it is measured by itself."""
    item = failing.control.assignment
    base = replace(failing.base, series=item.series, options=item.options, timeout=item.timeout)
    return Try(Arm.CONTROL, replace(base, instead=Instead(address=failing.control.address)))


def _framed(failing: Failing, control: Try, ways: Iterable[Try]) -> Iterator[Try]:
    """The control first, the other ways by chance of the record's id, the original before and after them."""
    yield control
    yield Try(Arm.ORIGINAL, failing.at())
    yield from sorted(ways, key=lambda way: short_hash(failing.record.id, way.arm))
    yield Try(Arm.ORIGINAL, failing.at())


def _ways(failing: Failing) -> list[Try]:
    """Another address of the name, and the other family where the endpoint is measured in it."""
    record, base = failing.record, failing.base
    others = [address for address in record.facts.addresses if address != record.facts.address]
    found = [Try(Arm.ADDRESS, failing.at(address=others[0]))] if others else []
    families = {
        other.series.family
        for other in failing.others
        if replace(other.series, family=record.series.family) == record.series
    }
    in_other = [replace(base, series=replace(base.series, family=one)) for one in sorted(families)]
    return found + [Try(Arm.FAMILY, attempt) for attempt in in_other if attempt.series.family != record.series.family]


def _ports(failing: Failing) -> list[Try]:
    """Another port of the same role at the address."""
    host, port = failing.place
    places = {place_of(other.options) for other in failing.others if other.series.role == failing.record.series.role}
    ports = sorted(number for name, number in places if name == host and number not in {0, port})
    return [Try(Arm.PORT, failing.at(port=ports[0]))] if ports else []


# ---- questions -------------------------------------------------------------------------------------------------------


def _questions(failing: Failing) -> Iterator[Try]:
    """Of a name: another resolver, and the same one over TCP; the control's name at the resolver that fails."""
    asked = _question(failing)
    base, own = asked.base, asked.base.instead.resolver
    control = replace(base, options=Dns(target=failing.control.place[0]))
    yield Try(Arm.CONTROL, control)
    yield Try(Arm.ORIGINAL, base)
    ways = [Try(Arm.RESOLVER, replace(base, instead=Instead(resolver=one))) for one in _resolvers(asked)[:1]]
    if own and parse_resolver(own).transport == "udp":
        ways.append(Try(Arm.TRANSPORT, replace(base, instead=Instead(resolver=f"tcp://{_url_host(own)}"))))
    yield from sorted(ways, key=lambda way: short_hash(failing.record.id, way.arm))
    yield Try(Arm.ORIGINAL, base)


def _question(failing: Failing) -> Failing:
    """The failing question by itself, to the resolver that was asked."""
    base = failing.base
    own = _asked(base)
    name = failing.place[0]
    return replace(failing, base=replace(_as_probe(base, "dns", Dns(target=name)), instead=Instead(resolver=own)))


def _asked(base: Attempt) -> str:
    """The resolver of an attempt."""
    named = base.options.resolvers[:1] if isinstance(base.options, Dns) else ()
    return named[0] if named and named[0] != "vantage" else base.resolver


def _url_host(resolver: str) -> str:
    parsed = parse_resolver(resolver)
    return join_host_port(parsed.address, parsed.port)


def _resolvers(failing: Failing) -> list[str]:
    """Other resolvers that are asked from here anyway, in the order of the plan."""
    own = failing.base.instead.resolver
    asked = [other.options for other in failing.others if isinstance(other.options, Dns)]
    named = [options.resolvers[0] for options in asked if options.resolvers]
    return [one for one in dict.fromkeys(named) if one not in {"vantage", own}]


PLANNERS = {
    Phase.DNS: _questions,
    Phase.TCP: _connections,
    Phase.TLS: _names,
    Phase.QUIC: _names,
    Phase.HTTP: _exchanges,
    Phase.APP: _exchanges,
}
