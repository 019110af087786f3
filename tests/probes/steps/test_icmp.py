"""Who brought an error: a router, the far end, or our own line. Needs network namespaces for all but the first."""

import socket
from collections.abc import Iterator

import pytest

from probes.record import Kind, Record
from probes.steps.icmp import arrived, keep_errors, last_message
from tests.lab import icmp_router as lab
from tests.lab.dns_runs import Here, ask, failed
from tests.lab.dns_servers import closed_port


def refused_socket() -> socket.socket:
    """A UDP socket that has just been told that nobody listens."""
    place, port = closed_port().split(":")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    keep_errors(sock)
    sock.connect((place, int(port)))
    sock.send(b"anybody there")
    return sock


def test_an_icmp_message_names_its_sender_and_type() -> None:
    with refused_socket() as sock:
        with pytest.raises(ConnectionRefusedError) as caught:
            sock.recv(1)
        fault = arrived(sock, caught.value, "127.0.0.1")
    assert fault.kind is Kind.REFUSED
    assert fault.detail == "ICMP 3/3 from 127.0.0.1"
    assert fault.facts == {"refused_by": "icmp", "icmp_from": "127.0.0.1", "extra": {"icmp": "3/3"}}


def test_the_queue_is_empty_afterwards() -> None:
    with refused_socket() as sock:
        assert last_message(sock) == ("127.0.0.1", "3/3")
        assert last_message(sock) is None


def test_errors_are_no_longer_kept_when_switched_off() -> None:
    with refused_socket() as sock:
        last_message(sock)
        keep_errors(sock, on=False)
        with pytest.raises(ConnectionRefusedError):
            sock.send(b"again") and sock.recv(1)
        assert last_message(sock) is None


@pytest.mark.parametrize(
    ("number", "kind", "facts"),
    [
        (111, Kind.REFUSED, {"refused_by": "rst"}),
        (113, Kind.LOCAL, {}),  # EHOSTUNREACH without a message: a neighbour that does not answer
        (101, Kind.LOCAL, {}),
        (110, Kind.SYSTEM_TIMEOUT, {}),
        (104, Kind.RESET, {}),
    ],
)
def test_an_error_that_no_message_brought(number: int, kind: Kind, facts: dict[str, str]) -> None:
    with socket.socket() as sock:
        fault = arrived(sock, OSError(number, "words"), "192.0.2.1")
    assert (fault.kind, fault.facts) == (kind, facts)


class Inside(Here):
    """A vantage of the client's namespace."""

    def __init__(self, inside) -> None:
        super().__init__()
        self.inside = inside

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        return self.inside(lambda: super(Inside, self).open(family, kind))


@pytest.fixture(scope="module")
def vantage() -> Iterator[Inside]:
    with lab.routed() as inside:
        yield Inside(inside)


def what(record: Record) -> tuple[Kind | None, str | None, str]:
    return failed(record), record.facts.icmp_from, record.facts.extra.get("icmp", "")


ROUTER_SAYS = {
    "host unreachable": (lab.HOST, Kind.HOST_UNREACHABLE, "3/1"),
    "prohibited": (lab.PROHIBITED, Kind.HOST_UNREACHABLE, "3/13"),
    "port unreachable": (lab.PORT, Kind.REFUSED, "3/3"),
    "net unreachable": (lab.NET, Kind.NETWORK_UNREACHABLE, "3/0"),
}


@pytest.mark.netns
@pytest.mark.parametrize("scheme", ["udp", "tcp"])
@pytest.mark.parametrize(("address", "kind", "word"), ROUTER_SAYS.values(), ids=ROUTER_SAYS)
async def test_a_router_answers(scheme: str, address: str, kind: Kind, word: str, vantage: Inside) -> None:
    record = await ask(f"{scheme}://{address}", vantage=vantage)
    assert what(record) == (kind, lab.ROUTER, word)
    assert record.seconds < 1.0


@pytest.mark.netns
@pytest.mark.parametrize("scheme", ["udp", "tcp"])
async def test_a_router_drops(scheme: str, vantage: Inside) -> None:
    assert what(await ask(f"{scheme}://{lab.SILENT}", vantage=vantage, timeout=0.4)) == (Kind.TIMEOUT, None, "")


@pytest.mark.netns
@pytest.mark.parametrize("scheme", ["udp", "tcp"])
@pytest.mark.parametrize("address", [lab.NEIGHBOUR, lab.NO_ROUTE])
async def test_our_own_line_is_at_fault(scheme: str, address: str, vantage: Inside) -> None:
    record = await ask(f"{scheme}://{address}", vantage=vantage)
    assert failed(record) is Kind.LOCAL
    assert record.failure is not None
    assert record.failure.detail in {"EHOSTUNREACH", "ENETUNREACH"}
