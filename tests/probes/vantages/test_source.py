"""A line of several: by address or by interface."""

import errno
import socket
from functools import partial

import pytest
from pydantic import ValidationError

from probes.plugin import VANTAGES
from probes.record import Kind, Phase
from probes.vantages.source import AddressVantage, InterfaceVantage, Source
from tests.lab.runs import SILENCE, detail, measure, outcome, plugin
from tests.lab.servers import Conn, Server, serve
from tests.lab.spaces import SERVER, inside, run_inside, three_spaces


def made(**options: str) -> AddressVantage | InterfaceVantage:
    vantage: AddressVantage | InterfaceVantage = plugin("source", VANTAGES).function(Source(**options))
    return vantage


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "set exactly one of address and interface"),
        ({"address": "127.0.0.1", "interface": "lo"}, "set exactly one of address and interface"),
        ({"address": "example.org"}, "'example.org' is no IPv4 or IPv6 address"),
        ({"address": "127.0.0.0/8"}, "is no IPv4 or IPv6 address"),
        ({"interface": ""}, "an interface name has 1 to 15 bytes"),
        ({"interface": "a-very-long-name"}, "an interface name has 1 to 15 bytes"),
        ({"adress": "127.0.0.1"}, "adress"),
    ],
)
def test_options_that_are_wrong(options: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Source(**options)


def test_an_address_is_written_one_way() -> None:
    assert Source(address="2001:DB8:0::1").address == "2001:db8::1"


def test_which_of_both() -> None:
    assert isinstance(made(address="127.0.0.2"), AddressVantage)
    assert isinstance(made(interface="lo"), InterfaceVantage)


def test_the_family_is_that_of_the_address() -> None:
    assert made(address="127.0.0.2").families() == {"ipv4"}
    assert made(address="::1").families() == {"ipv6"}


def test_sockets_have_the_address() -> None:
    with made(address="127.0.0.9").open(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert sock.getsockname()[0] == "127.0.0.9"


def test_sockets_have_the_interface() -> None:
    with made(interface="lo").open(socket.AF_INET, socket.SOCK_STREAM) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"


@pytest.mark.parametrize(
    ("options", "family", "number"),
    [
        ({"address": "192.0.2.1"}, socket.AF_INET, errno.EADDRNOTAVAIL),
        ({"address": "127.0.0.1"}, socket.AF_INET6, errno.EAFNOSUPPORT),
        ({"interface": "nowhere0"}, socket.AF_INET, errno.ENODEV),
    ],
)
def test_what_the_machine_does_not_have(options: dict, family: socket.AddressFamily, number: int) -> None:
    """And no socket is left behind: that would be a ResourceWarning, which fails the test."""
    with pytest.raises(OSError, match=f"Errno {number}]"):
        made(**options).open(family, socket.SOCK_STREAM)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"address": "192.0.2.1"}, "EADDRNOTAVAIL"),
        ({"address": "::1"}, "EAFNOSUPPORT"),
        ({"interface": "no0"}, "ENODEV"),
    ],
)
async def test_a_line_that_is_not_there_is_our_own_fault(options: dict, name: str) -> None:
    record = await measure("tcp", "127.0.0.1:9", made(**options))
    assert (outcome(record), detail(record)) == ((Phase.TCP, Kind.LOCAL), name)


async def test_the_server_sees_the_source_address() -> None:
    seen = []

    async def behave(conn: Conn) -> None:
        seen.append(conn.writer.get_extra_info("peername")[0])
        await conn.stay()

    async with serve(Server("looking", behave, "tcp")) as port:
        assert outcome(await measure("tcp", f"127.0.0.1:{port}", made(address="127.0.0.7"))) is None
        assert outcome(await measure("tcp", f"127.0.0.1:{port}", made(address="127.0.0.8"))) is None
    assert seen == ["127.0.0.7", "127.0.0.8"]


def test_one_port_serves_several_destinations() -> None:
    """The port is chosen at connect: bind would take it from every destination at once."""
    with made(address="127.0.0.2").open(socket.AF_INET, socket.SOCK_STREAM) as sock:
        assert sock.getsockname() == ("127.0.0.2", 0)


@pytest.mark.netns
def test_an_interface_is_used_whatever_the_routes_say() -> None:
    with three_spaces() as spaces:
        with inside(spaces.server, lambda: socket.create_server((SERVER, 443))):
            outcomes = {}
            for name in ("uplink", "lo"):
                probing = partial(measure, "tcp", f"{SERVER}:443", made(interface=name), timeout=SILENCE)
                outcomes[name] = outcome(run_inside(spaces.client, probing))
        assert outcomes["uplink"] is None
        assert outcomes["lo"] is not None
        assert inside(spaces.client, made(interface="uplink").families) == {"ipv4", "ipv6"}
        assert inside(spaces.client, made(interface="lo").families) == {"ipv4"}
