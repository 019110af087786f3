"""Sockets in a named namespace, opened from here."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from probes.plugin import VANTAGES
from probes.record import Kind, Phase
from probes.run import perform
from probes.vantages import netns
from probes.vantages.netns import NamespaceVantage, Netns
from tests.lab.dns_servers import answer
from tests.lab.runs import SILENCE, attempt, detail, measure, outcome, plugin, world
from tests.lab.spaces import ROUTER, SERVER, SERVER_IPV6, Spaces, inside, three_spaces

LOCAL = (Phase.TCP, Kind.LOCAL)


def made(name: str) -> NamespaceVantage:
    vantage: NamespaceVantage = plugin("netns", VANTAGES).function(Netns(netns=name))
    return vantage


def home() -> str:
    return str(Path("/proc/thread-self/ns/net").readlink())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(scope="module")
def spaces() -> Iterator[Spaces]:
    with three_spaces() as found:
        yield found


@pytest.mark.parametrize("name", ["", "a/b", "..", ".", "a\0b"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValidationError, match="has no slash"):
        Netns(netns=name)


def test_the_machines_own_resolver_does_not_speak_for_it() -> None:
    assert NamespaceVantage.carries == {"tcp", "udp", "tcp_info"}


async def test_a_namespace_that_is_gone_is_our_own_fault() -> None:
    vantage = made("reachd-never-made")
    record = await measure("tcp", "127.0.0.1:9", vantage)
    assert (outcome(record), detail(record)) == (LOCAL, "ENOENT")
    assert vantage.families() == {"ipv4"}


async def test_what_is_no_namespace_is_our_own_fault(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ip netns add` that broke off leaves an empty file."""
    (tmp_path / "half").touch()
    monkeypatch.setattr(netns, "PLACE", f"{tmp_path}/")
    before, files = home(), descriptors()
    record = await measure("tcp", "127.0.0.1:9", made("half"))
    assert (outcome(record), detail(record)) in [(LOCAL, "EINVAL"), (LOCAL, "EPERM")]
    assert (home(), descriptors()) == (before, files)


def test_a_way_back_that_is_lost_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """All else would be measured from the wrong place."""

    def enter(_descriptor: int) -> None:
        if entered:
            raise OSError(errno.EPERM, "Operation not permitted")
        entered.append(True)

    entered: list[bool] = []
    monkeypatch.setattr(netns, "enter", enter)
    with (
        pytest.raises(SystemExit, match="cannot return from a network namespace: Operation not permitted"),
        netns.inside("/proc/self/ns/net"),
    ):
        pass


@pytest.mark.netns
def test_a_socket_is_of_the_namespace_and_we_are_not(spaces: Spaces) -> None:
    before = home()
    vantage = made(spaces.client)
    with vantage.open(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert home() == before
        sock.connect((SERVER, 9))
        assert sock.getsockname()[0] == "10.77.1.2"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 9))
        assert sock.getsockname()[0] == "127.0.0.1"


@pytest.mark.netns
def test_we_come_back_whatever_happens_inside(spaces: Spaces, monkeypatch: pytest.MonkeyPatch) -> None:
    before, files = home(), descriptors()
    seen = []

    def none(*_: object) -> socket.socket:
        seen.append(home())
        raise OSError(errno.EMFILE, "too many")

    with monkeypatch.context() as without:
        without.setattr(socket, "socket", none)
        with pytest.raises(OSError, match="too many"):
            made(spaces.client).open(socket.AF_INET, socket.SOCK_STREAM)
    assert (home(), descriptors()) == (before, files)
    assert seen not in ([], [before])


@pytest.mark.netns
def test_families_are_those_inside(spaces: Spaces) -> None:
    assert made(spaces.client).families() == {"ipv4", "ipv6"}
    assert made(spaces.router).families() == {"ipv4"}, "addresses, but no way out"


@pytest.mark.netns
@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6])
async def test_two_namespaces_are_measured_from_one_loop(spaces: Spaces, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = f"[{host}]:443" if ":" in host else f"{host}:443"
    with inside(spaces.server, partial(socket.create_server, (host, 443), family=family)):
        near, router = await asyncio.gather(*(measure("tcp", place, made(it)) for it in (spaces.client, spaces.router)))
    assert (outcome(near), outcome(router)) == (None, None)
    assert near.facts.tcp is not None


class Names(asyncio.DatagramProtocol):
    """A resolver for which every name is the server."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        for sent in answer(SERVER)(data):
            self.transport.sendto(sent.data, addr)


@pytest.mark.netns
async def test_names_are_asked_for_from_inside(spaces: Spaces) -> None:
    """The resolver can be reached from there only."""

    def bound() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        sock.bind((SERVER, 53))
        return sock

    resolver = inside(spaces.server, bound)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Names, sock=resolver)
    told = replace(attempt("tcp", "server.lab:443"), resolver=SERVER)
    try:
        with inside(spaces.server, partial(socket.create_server, (SERVER, 443))):
            own = world(owned=lambda _address: True)
            record = await perform(plugin("tcp"), told, made(spaces.client), own)
    finally:
        transport.close()
    assert outcome(record) is None, record
    assert (record.facts.addresses, record.facts.resolver) == ((SERVER,), SERVER)


@pytest.mark.netns
async def test_failures_are_told_as_from_the_machine_itself(spaces: Spaces) -> None:
    record = await measure("tcp", f"{SERVER}:9", made(spaces.client))
    assert (outcome(record), record.facts.refused_by) == ((Phase.TCP, Kind.REFUSED), "rst")
    spaces.filter(spaces.router, "forward", "tcp dport 9 drop")
    try:
        record = await measure("tcp", f"{SERVER}:9", made(spaces.client), timeout=SILENCE)
        assert outcome(record) == (Phase.TCP, Kind.TIMEOUT)
        spaces.filter(spaces.router, "forward", "tcp dport 9 reject with icmp type admin-prohibited")
        record = await measure("tcp", f"{SERVER}:9", made(spaces.client))
        assert outcome(record) == (Phase.TCP, Kind.HOST_UNREACHABLE)
        assert record.facts.icmp_from == ROUTER
    finally:
        spaces.clear()
