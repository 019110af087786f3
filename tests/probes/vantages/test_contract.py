"""What every vantage type keeps to, the coming ones too: each brings an example of its options here, or is refused."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any

import pytest

from probes.plugin import VANTAGES, Plugin, Vantage, VantageOptions
from probes.record import Kind, Phase
from tests.lab.proxies import HonestConnect, HonestSocks
from tests.lab.runs import measure, outcome, target_of
from tests.lab.servers import Server, accepting, closed_port, serve

SELF = "self"
"""Stands for the namespace that the tests run in, which gets a name: what is open there can be reached."""
# Options that work on any machine without a network; those of a proxy lack its address, which is here as it is made.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "direct": [{}],
    "source": [{"address": "127.0.0.2"}, {"address": "::1"}, {"interface": "lo"}],
    "netns": [{"netns": SELF}],
    "socks5": [{}, {"user": "r", "password": "hush"}, {"udp": True, "families": ["ipv6"]}, {"remote_names": True}],
    "http_proxy": [{}, {"user": "r", "password": "hush"}, {"remote_names": True}],
}
CARRIED = {"tcp", "udp", "tcp_info", "system_dns", "remote_names"}
FAMILIES = {"ipv4": (socket.AF_INET, "127.0.0.1"), "ipv6": (socket.AF_INET6, "::1")}
CLOSED = {"socks5": (Phase.PROXY, Kind.SOCKS_REFUSED), "http_proxy": (Phase.PROXY, Kind.HTTP_FAILED)}
"""How a closed port is told; (tcp, connection_refused) where there is no proxy."""
CASES = [
    pytest.param(
        (plugin, options),
        id=f"{plugin.name}-{'-'.join(map(str, options.values()))}",
        marks=[pytest.mark.netns] if plugin.name == "netns" else [],
    )
    for plugin in VANTAGES
    for options in EXAMPLES.get(plugin.name, [])
]


def proxy(kind: str, options: dict[str, Any]) -> Server:
    login = (options["user"], options["password"]) if "user" in options else None
    return (HonestSocks if kind == "socks5" else HonestConnect)(login).server


@contextmanager
def named() -> Iterator[str]:
    """Give the namespace of the tests a name."""
    name = f"reachd-{os.getpid()}-self"
    subprocess.run(["ip", "netns", "attach", name, str(os.getpid())], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture(params=CASES)
async def vantage(request: pytest.FixtureRequest) -> AsyncIterator[Vantage]:
    plugin, options = request.param
    async with AsyncExitStack() as stack:
        if plugin.name in CLOSED:
            port = await stack.enter_async_context(serve(proxy(plugin.name, options)))
            options = {**options, "address": f"127.0.0.1:{port}"}
        if plugin.name == "netns":
            options = {"netns": stack.enter_context(named())}
        yield plugin.function(plugin.options(**options))


@pytest.fixture
def loopback(vantage: Vantage) -> tuple[socket.AddressFamily, str]:
    """A family that the vantage has for certain, and this machine in it."""
    return FAMILIES["ipv4" if "ipv4" in vantage.families() else "ipv6"]


@pytest.mark.parametrize("plugin", list(VANTAGES), ids=lambda plugin: plugin.name)
def test_every_type_has_an_example_here(plugin: Plugin) -> None:
    assert EXAMPLES.get(plugin.name), f"give tests/probes/vantages/test_contract.py an example of {plugin.name}"
    assert issubclass(plugin.options, VantageOptions)
    assert plugin.function.__doc__


def test_it_says_what_it_carries(vantage: Vantage) -> None:
    assert vantage.carries
    assert vantage.carries <= CARRIED


def test_it_says_which_families_it_reaches(vantage: Vantage) -> None:
    assert vantage.families()
    assert vantage.families() <= FAMILIES.keys() | ({"any"} if "remote_names" in vantage.carries else set())
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


async def test_it_tells_a_closed_port(vantage: Vantage, loopback, request) -> None:
    target = target_of(accepting, closed_port(loopback[1]), loopback[1])
    record = await measure("tcp", target, vantage)
    plugin = request.node.callspec.params["vantage"][0]
    assert outcome(record) == CLOSED.get(plugin.name, (Phase.TCP, Kind.REFUSED))


async def test_many_runs_at_once_do_not_disturb_each_other(vantage: Vantage, loopback) -> None:
    async with serve(accepting, loopback[1]) as port:
        target = target_of(accepting, port, loopback[1])
        records = await asyncio.gather(*(measure("tcp", target, vantage) for _ in range(40)))
    assert [outcome(record) for record in records] == [None] * 40
