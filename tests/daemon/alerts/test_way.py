"""Through a vantage: its own resolver is asked, its own sockets are opened, and what it lacks is no surprise."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from config.document import load
from config.vantage import VantageSetting
from daemon.alerts import way
from daemon.alerts.messages import trial
from daemon.alerts.way import Names, connector_options
from daemon.alerts.webhook import Address, transport
from daemon.planned import build
from probes.clock import SystemClock
from tests.lab.daemons import one_service
from tests.lab.dns_servers import answer, lying_resolver, nxdomain
from tests.lab.receiver import SECRET, receiving

CLOCK = SystemClock()
EXIT = '\n[vantages.exit]\ntype = "source"\naddress = "127.0.0.9"\nresolver = "{resolver}"\nconsent = "mine"\n'
Placed = Callable[[str], VantageSetting]


@pytest.fixture
def placed(tmp_path: Path) -> Placed:
    """A vantage by its resolver; `system` is that of the direct one."""

    def place(resolver: str) -> VantageSetting:
        more = EXIT.format(resolver=resolver) if resolver != "system" else ""
        found = load(one_service(tmp_path, "127.0.0.1:9", more=more)).vantages
        return next(it for it in found if it.name == ("here" if resolver == "system" else "exit"))

    return place


async def test_the_name_is_asked_of_the_vantage_and_the_connection_comes_from_it(placed: Placed) -> None:
    async with receiving() as hook, lying_resolver(answer("127.0.0.1")) as resolver:
        url = hook.url.replace("127.0.0.1", "hook.example")
        async with transport(Address(url, SECRET, placed(str(resolver))), CLOCK) as sender:
            reply = await sender.post(trial("desk", CLOCK.wall()))
        assert (reply.status, reply.body) == (200, "")
        assert len(resolver.asked) == 1
    assert hook.peers == ["127.0.0.9"]


async def test_a_name_that_the_resolver_denies_is_no_answer(placed: Placed) -> None:
    async with (
        lying_resolver(nxdomain()) as resolver,
        transport(Address("http://hook.example/x", SECRET, placed(str(resolver))), CLOCK) as sender,
    ):
        reply = await sender.post(trial("desk", CLOCK.wall()))
    assert reply.status == 0
    assert "hook.example" in reply.body


async def test_why_there_is_no_address_is_told(placed: Placed) -> None:
    async with lying_resolver(nxdomain()) as resolver:
        via = placed(str(resolver))
        with pytest.raises(OSError, match=r"exit gives no address for hook\.example: dns_nxdomain_error"):
            await Names(via, build(via), CLOCK).resolve("hook.example", 443)


async def test_only_families_that_the_vantage_has_are_asked_for(placed: Placed) -> None:
    async with lying_resolver(answer("192.0.2.1")) as resolver:
        via = placed(str(resolver))
        names = Names(via, build(via), CLOCK)
        (found,) = await names.resolve("hook.example", 443)
        with pytest.raises(OSError, match="no family to ask for"):
            await names.resolve("hook.example", 443, socket.AF_INET6)
        await names.close()
    assert (found["host"], found["port"], found["family"]) == ("192.0.2.1", 443, socket.AF_INET)


def test_without_a_vantage_nothing_is_special(placed: Placed) -> None:
    assert connector_options(None, CLOCK) == {}


def test_the_machines_own_resolver_is_left_to_the_library(placed: Placed) -> None:
    assert set(connector_options(placed("system"), CLOCK)) == {"socket_factory"}
    assert set(connector_options(placed("127.0.0.1"), CLOCK)) == {"socket_factory", "resolver"}


def test_what_a_resolver_over_tls_is_verified_against_is_made_before_the_first_alert(placed) -> None:
    plain = connector_options(placed("127.0.0.1"), CLOCK)["resolver"]
    over_tls = connector_options(placed("tls://127.0.0.1#hook.example"), CLOCK)["resolver"]
    assert plain.trust._contexts.keys() == set()
    assert over_tls.trust._contexts.keys() == {("public", ())}


def test_sockets_are_those_of_the_vantage(placed: Placed) -> None:
    opened = connector_options(placed("127.0.0.1"), CLOCK)["socket_factory"]
    with opened((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 9))) as sock:
        assert sock.getsockname()[0] == "127.0.0.9"
        assert not sock.getblocking()
    with pytest.raises(OSError):  # noqa: PT011  the vantage's own refusal: no IPv6 from an IPv4 address
        opened((socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 9)))


def test_a_vantage_that_opens_no_connections_of_its_own_is_refused(
    placed: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way, "build", lambda _setting: object())
    with pytest.raises(ValueError, match="cannot go through a vantage of type source"):
        connector_options(placed("127.0.0.1"), CLOCK)
