"""What every vantage type keeps to, the coming ones too: each brings an example of its options here, or is refused."""

import asyncio
import socket
from contextlib import suppress

import pytest

from probes.plugin import VANTAGES, Options, Plugin, Vantage
from probes.record import Kind, Phase
from tests.lab.runs import measure, outcome, target_of
from tests.lab.servers import accepting, closed_port, serve

# Options that work on any machine without a network.
EXAMPLES: dict[str, list[dict[str, str]]] = {
    "direct": [{}],
    "source": [{"address": "127.0.0.2"}, {"address": "::1"}, {"interface": "lo"}],
}
CARRIED = {"tcp", "udp", "tcp_info", "system_dns"}
FAMILIES = {"ipv4": (socket.AF_INET, "127.0.0.1"), "ipv6": (socket.AF_INET6, "::1")}
CASES = [(plugin, options) for plugin in VANTAGES for options in EXAMPLES.get(plugin.name, [])]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].name}-{'-'.join(case[1].values())}")
def vantage(request: pytest.FixtureRequest) -> Vantage:
    plugin, options = request.param
    made: Vantage = plugin.function(plugin.options(**options))
    return made


@pytest.fixture
def loopback(vantage: Vantage) -> tuple[socket.AddressFamily, str]:
    """A family that the vantage has for certain, and this machine in it."""
    return FAMILIES["ipv4" if "ipv4" in vantage.families() else "ipv6"]


@pytest.mark.parametrize("plugin", list(VANTAGES), ids=lambda plugin: plugin.name)
def test_every_type_has_an_example_here(plugin: Plugin) -> None:
    assert EXAMPLES.get(plugin.name), f"give tests/probes/vantages/test_contract.py an example of {plugin.name}"
    assert issubclass(plugin.options, Options)
    assert plugin.function.__doc__


def test_it_says_what_it_carries(vantage: Vantage) -> None:
    assert vantage.carries
    assert vantage.carries <= CARRIED


def test_it_says_which_families_it_reaches(vantage: Vantage) -> None:
    assert vantage.families()
    assert vantage.families() <= FAMILIES.keys()
    assert vantage.families() == vantage.families()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["tcp", "udp"])
def test_sockets_are_non_blocking_unconnected_and_of_the_kind_asked_for(vantage: Vantage, loopback, kind) -> None:
    if {socket.SOCK_STREAM: "tcp", socket.SOCK_DGRAM: "udp"}[kind] not in vantage.carries:
        with pytest.raises(OSError, match=r"not permitted|denied|not supported"):
            vantage.open(loopback[0], kind)
        return
    with vantage.open(loopback[0], kind) as sock:
        assert (sock.family, sock.type) == (loopback[0], kind)
        assert sock.getblocking() is False
        assert not sock.get_inheritable()
        with pytest.raises(OSError, match="not connected"):
            sock.getpeername()


def test_each_socket_is_a_new_one(vantage: Vantage, loopback) -> None:
    with vantage.open(loopback[0], socket.SOCK_STREAM) as one, vantage.open(loopback[0], socket.SOCK_STREAM) as other:
        assert one.fileno() != other.fileno()


def test_a_family_it_lacks_raises_os_error_if_anything(vantage: Vantage) -> None:
    """And leaks nothing: that would be a ResourceWarning, which fails the test."""
    for family, (number, _) in FAMILIES.items():
        if family not in vantage.families():
            with suppress(OSError):
                vantage.open(number, socket.SOCK_STREAM).close()


def test_a_route_is_numeric(vantage: Vantage, loopback) -> None:
    address, port = vantage.route(loopback[1], 443)
    assert socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    assert 0 < port < 65_536


async def test_it_reaches_a_server(vantage: Vantage, loopback) -> None:
    async with serve(accepting, loopback[1]) as port:
        record = await measure(
            "tcp", f"[{loopback[1]}]:{port}" if ":" in loopback[1] else f"{loopback[1]}:{port}", vantage
        )
    assert outcome(record) is None
    assert (record.facts.tcp is not None) == ("tcp_info" in vantage.carries)


async def test_it_tells_a_closed_port(vantage: Vantage, loopback) -> None:
    target = target_of(accepting, closed_port(loopback[1]), loopback[1])
    record = await measure("tcp", target, vantage)
    assert outcome(record) == (Phase.TCP, Kind.REFUSED)


async def test_many_runs_at_once_do_not_disturb_each_other(vantage: Vantage, loopback) -> None:
    async with serve(accepting, loopback[1]) as port:
        target = target_of(accepting, port, loopback[1])
        records = await asyncio.gather(*(measure("tcp", target, vantage) for _ in range(40)))
    assert [outcome(record) for record in records] == [None] * 40
