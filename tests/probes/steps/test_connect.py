"""Who answered a SYN, and what is our own fault."""

import errno
import os
import socket
from collections.abc import Iterator

import pytest

from probes.plugin import Straight, Vantage
from probes.record import Kind, Phase, Record
from probes.run import Skipped, perform
from tests.lab.runs import SILENCE, SLOW, attempt, check, detail, direct, measure, outcome, plugin, tcp, world
from tests.lab.servers import accepting, black_hole, closed_port, serve
from tests.lab.spaces import (
    NOBODY_FAR,
    NOBODY_FAR_IPV6,
    NOBODY_NEAR,
    NOBODY_NEAR_IPV6,
    ROUTER,
    ROUTER_IPV6,
    SERVER,
    SERVER_IPV6,
    UNROUTED,
    UNROUTED_IPV6,
    Spaces,
    inside,
    run_inside,
    three_spaces,
)

TCP = Phase.TCP
LOOPBACK = ["127.0.0.1", "::1"]


def place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Broken(Straight):
    """A vantage whose sockets cannot be opened, or whose connects end at once."""

    carries = frozenset({"tcp"})

    def __init__(self, number: int) -> None:
        self.number = number

    def families(self) -> frozenset[str]:
        return frozenset({"ipv4"})

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        raise OSError(self.number, os.strerror(self.number))

    async def tunnel(self, sock, address, port, phase) -> None:
        raise AssertionError("never connected")


class Routed(Straight):
    """A vantage that goes through another host, as a proxy does."""

    def __init__(self, inner: Vantage, near: tuple[str, int]) -> None:
        self.inner = inner
        self.near = near
        self.asked: list[tuple[str, int]] = []
        self.carries = frozenset({"tcp"})

    def families(self) -> frozenset[str]:
        return self.inner.families()

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        return self.inner.open(family, kind)

    def route(self, address: str, port: int) -> tuple[str, int]:
        return self.near

    async def tunnel(self, sock, address, port, phase) -> None:
        self.asked.append((address, port))


@pytest.mark.parametrize("host", LOOPBACK)
async def test_good(host: str) -> None:
    async with serve(accepting, host) as port:
        record = await measure("tcp", place(host, port))
    assert outcome(record) is None
    assert [timing.phase for timing in record.timings] == [TCP]
    facts = record.facts
    assert (facts.address, facts.bytes_in, facts.bytes_out, facts.refused_by) == (host, 0, 0, None)
    assert 0 < tcp(record).rtt < 1_000_000
    assert (tcp(record).retransmits, tcp(record).unacked) == (0, 0)


@pytest.mark.parametrize("host", LOOPBACK)
async def test_refused(host: str) -> None:
    record = await measure("tcp", place(host, closed_port(host)))
    assert outcome(record) == (TCP, Kind.REFUSED)
    assert (record.facts.refused_by, record.facts.icmp_from) == ("rst", None)


@pytest.mark.parametrize("host", LOOPBACK)
async def test_dropped(host: str) -> None:
    with black_hole(host) as port:
        record = await measure("tcp", place(host, port), timeout=1.2)
    assert outcome(record) == (TCP, Kind.TIMEOUT)
    assert tcp(record).unacked == 1, "our SYN"
    assert tcp(record).retransmits >= 1, "the kernel repeats it after a second"
    assert record.timings[0].seconds == pytest.approx(record.seconds, abs=0.1)


OURS = ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EADDRNOTAVAIL", "EACCES", "EPERM", "ENOENT", "ENODEV", "ENETUNREACH"]


@pytest.mark.parametrize("name", OURS)
async def test_socket_that_cannot_be_opened_is_our_own_fault(name: str) -> None:
    """Also where the errno would speak of the path, had it arrived."""
    record = await measure("tcp", "127.0.0.1:9", Broken(getattr(errno, name)))
    assert (outcome(record), detail(record)) == ((TCP, Kind.LOCAL), name)


async def test_error_at_once_is_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a socket that listens already; routes that say no are in the tests with namespaces."""
    vantage = direct()
    original = vantage.open

    def listening(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        sock = original(family, kind)
        sock.listen()
        return sock

    monkeypatch.setattr(vantage, "open", listening)
    record = await measure("tcp", "127.0.0.1:9", vantage)
    assert (outcome(record), detail(record)) == ((TCP, Kind.LOCAL), "EISCONN")


async def test_socket_is_closed_however_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    vantage = direct()
    original = vantage.open

    def remember(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        opened.append(original(family, kind))
        return opened[-1]

    monkeypatch.setattr(vantage, "open", remember)
    async with serve(accepting) as port:
        await measure("tcp", f"127.0.0.1:{port}", vantage)
    await measure("tcp", f"127.0.0.1:{closed_port()}", vantage)
    with black_hole() as port:
        await measure("tcp", f"127.0.0.1:{port}", vantage, timeout=SILENCE)
    assert [sock.fileno() for sock in opened] == [-1, -1, -1]


async def test_permission_is_asked_before_the_phase() -> None:
    asked = []

    async def refuse(address: str) -> None:
        asked.append(address)
        raise Skipped("budget")

    with pytest.raises(Skipped, match="budget"):
        await perform(plugin("tcp"), attempt("tcp", "127.0.0.1:9"), direct(), world(permit=refuse))
    assert asked == ["127.0.0.1"]


async def test_through_a_proxy_the_near_side_is_the_proxy_phase() -> None:
    async with serve(accepting) as port:
        vantage = Routed(direct(), ("127.0.0.1", port))
        record = await measure("tcp", "192.0.2.1:443", vantage)
    assert outcome(record) is None
    assert vantage.asked == [("192.0.2.1", 443)]
    assert [timing.phase for timing in record.timings] == [Phase.PROXY]
    assert record.facts.tcp is None, "it would tell of the proxy"


async def test_check_speaks_of_tcp_too() -> None:
    await check(accepting, bytes_in=0)


# ---- with routes, routers and filters --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made() -> Iterator[Spaces]:
    with three_spaces() as spaces:
        yield spaces


@pytest.fixture
def spaces(made: Spaces) -> Iterator[Spaces]:
    yield made
    made.clear()


def from_client(spaces: Spaces, target: str, probe: str = "tcp", timeout: float = SLOW) -> Record:
    """Measure from the client's namespace."""
    return run_inside(spaces.client, lambda: measure(probe, target, timeout=timeout))


def listening(spaces: Spaces, host: str = SERVER) -> socket.socket:
    """A port at the server that the kernel answers on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return inside(spaces.server, lambda: socket.create_server((host, 443), family=family))


@pytest.mark.netns
@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6])
def test_path_is_open(spaces: Spaces, host: str) -> None:
    with listening(spaces, host):
        assert outcome(from_client(spaces, place(host, 443))) is None


@pytest.mark.netns
@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("icmp type host-unreachable", Kind.HOST_UNREACHABLE, "3/1"),
        ("icmp type net-unreachable", Kind.NETWORK_UNREACHABLE, "3/0"),
        ("icmp type port-unreachable", Kind.REFUSED, "3/3"),
        ("icmp type admin-prohibited", Kind.HOST_UNREACHABLE, "3/13"),
        ("icmpv6 type no-route", Kind.NETWORK_UNREACHABLE, "1/0"),
        ("icmpv6 type admin-prohibited", Kind.HOST_UNREACHABLE, "1/1"),
        ("icmpv6 type addr-unreachable", Kind.HOST_UNREACHABLE, "1/3"),
        ("icmpv6 type port-unreachable", Kind.REFUSED, "1/4"),
    ],
)
def test_router_rejects(spaces: Spaces, how: str, kind: Kind, message: str) -> None:
    """The path's word: who said it and what is a fact."""
    six = how.startswith("icmpv6")
    spaces.filter(spaces.router, "forward", f"tcp dport 443 reject with {how}")
    record = from_client(spaces, place(SERVER_IPV6 if six else SERVER, 443))
    assert outcome(record) == (TCP, kind)
    assert (record.facts.refused_by, record.facts.icmp_from) == ("icmp", ROUTER_IPV6 if six else ROUTER)
    assert record.facts.extra == {"icmp": message}


@pytest.mark.netns
@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6])
def test_router_resets(spaces: Spaces, host: str) -> None:
    spaces.filter(spaces.router, "forward", "tcp dport 443 reject with tcp reset")
    with listening(spaces, host):
        record = from_client(spaces, place(host, 443))
    assert (outcome(record), record.facts.refused_by) == ((TCP, Kind.REFUSED), "rst")


@pytest.mark.netns
@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6])
def test_router_drops(spaces: Spaces, host: str) -> None:
    spaces.filter(spaces.router, "forward", "tcp dport 443 drop")
    with listening(spaces, host):
        record = from_client(spaces, place(host, 443), timeout=1.3)
    assert outcome(record) == (TCP, Kind.TIMEOUT)
    assert tcp(record).unacked == 1
    assert tcp(record).retransmits >= 1


@pytest.mark.netns
@pytest.mark.parametrize(
    ("target", "errno_name"),
    [
        ("prohibit 10.91.0.0/16", "EACCES"),
        ("blackhole 10.92.0.0/16", "EINVAL"),
        ("unreachable 10.93.0.0/16", "EHOSTUNREACH"),
    ],
)
def test_own_route_that_says_no_is_our_own_fault(spaces: Spaces, target: str, errno_name: str) -> None:
    kind, net = target.split()
    spaces.route(spaces.client, kind, net)
    record = from_client(spaces, f"{net.removesuffix('.0.0/16')}.1.1:443")
    assert (outcome(record), detail(record)) == ((TCP, Kind.LOCAL), errno_name)
    assert record.seconds < 0.5


@pytest.mark.netns
@pytest.mark.parametrize("host", ["198.51.100.1", "2001:db8:1::1"])
def test_no_route_is_our_own_fault(spaces: Spaces, host: str) -> None:
    record = run_inside(spaces.router, lambda: measure("tcp", place(host, 443)))
    assert (outcome(record), detail(record)) == ((TCP, Kind.LOCAL), "ENETUNREACH")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("host", "sender", "kind", "message"),
    [
        (UNROUTED, ROUTER, Kind.NETWORK_UNREACHABLE, "3/0"),
        (UNROUTED_IPV6, ROUTER_IPV6, Kind.NETWORK_UNREACHABLE, "1/0"),
        (NOBODY_FAR, ROUTER, Kind.HOST_UNREACHABLE, "3/1"),
        (NOBODY_FAR_IPV6, ROUTER_IPV6, Kind.HOST_UNREACHABLE, "1/3"),
    ],
)
def test_router_knows_no_way(spaces: Spaces, host: str, sender: str, kind: Kind, message: str) -> None:
    record = from_client(spaces, place(host, 443))
    assert (outcome(record), record.facts.icmp_from) == ((TCP, kind), sender)
    assert record.facts.extra == {"icmp": message}


@pytest.mark.netns
@pytest.mark.parametrize(("route", "message"), [("prohibit", "3/13"), ("unreachable", "3/1")])
def test_route_of_a_router_that_says_no(spaces: Spaces, route: str, message: str) -> None:
    spaces.route(spaces.router, route, "10.94.0.0/16")
    record = from_client(spaces, "10.94.1.1:443")
    assert (outcome(record), record.facts.icmp_from) == ((TCP, Kind.HOST_UNREACHABLE), ROUTER)
    assert record.facts.extra == {"icmp": message}


@pytest.mark.netns
def test_route_of_a_router_into_nothing(spaces: Spaces) -> None:
    spaces.route(spaces.router, "blackhole", "10.95.0.0/16")
    assert outcome(from_client(spaces, "10.95.1.1:443", timeout=SILENCE)) == (TCP, Kind.TIMEOUT)


@pytest.mark.netns
@pytest.mark.parametrize("host", [NOBODY_NEAR, NOBODY_NEAR_IPV6])
def test_neighbour_that_does_not_answer_is_our_own_fault(spaces: Spaces, host: str) -> None:
    """Our own kernel says so with an ICMP message of its own."""
    record = from_client(spaces, place(host, 443))
    assert (outcome(record), detail(record)) == ((TCP, Kind.LOCAL), "EHOSTUNREACH")
    assert (record.facts.refused_by, record.facts.icmp_from) == (None, None)


@pytest.mark.netns
def test_own_firewall_that_rejects_is_our_own_fault(spaces: Spaces) -> None:
    spaces.filter(spaces.client, "output", "tcp dport 443 reject with icmp type admin-prohibited")
    assert outcome(from_client(spaces, f"{SERVER}:443")) == (TCP, Kind.LOCAL)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("drop", Kind.TIMEOUT),
        ("reject with tcp reset", Kind.RESET),
        # Every TCP outlives an ICMP message on a connection that stands, and so do we.
        ("reject with icmp type host-unreachable", Kind.TIMEOUT),
    ],
)
def test_filter_that_lets_the_connection_pass_but_not_the_hello(spaces: Spaces, how: str, kind: Kind) -> None:
    spaces.filter(spaces.router, "forward", f"tcp dport 443 meta length > 200 {how}")
    with listening(spaces):
        record = from_client(spaces, f"{SERVER}:443", probe="tls", timeout=1.0)
    assert outcome(record) == (Phase.TLS, kind)
    assert record.facts.bytes_in == 0
    if kind is Kind.TIMEOUT:
        assert tcp(record).unacked >= 1
        assert tcp(record).retransmits >= 1
