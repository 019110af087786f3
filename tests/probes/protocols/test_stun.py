"""The stun probe against honest and lying servers: what passes, what is kept, what is told apart."""

import socket
from contextlib import closing

import pytest
from pydantic import ValidationError

from probes.protocols.stun import Stun
from probes.record import Kind, Phase
from tests.lab import udp_servers as udp
from tests.lab.proxied import through
from tests.lab.proxies import HonestSocks, replying
from tests.lab.runs import SILENCE, measure, outcome
from tests.lab.servers import serve


async def test_an_honest_server_answers_and_our_address_is_not_kept() -> None:
    """Only family and port tell something of the path."""
    async with udp.answering(udp.stun) as target:
        record = await measure("stun", target)
    assert outcome(record) is None
    assert record.facts.extra == {"stun_family": "ipv4", "stun_port_changed": "no"}
    assert record.facts.first_byte is not None


async def test_a_translated_port_is_seen_and_the_address_is_not_kept() -> None:
    """An old answer is read too."""
    async with udp.answering(udp.plain_mapped) as target:
        record = await measure("stun", target)
    assert record.facts.extra == {"stun_family": "ipv4", "stun_port_changed": "yes"}
    assert "203.0.113.5" not in repr(record)


async def test_an_error_is_an_answer() -> None:
    """Who refuses was reached."""
    async with udp.answering(udp.unauthorised) as target:
        record = await measure("stun", target)
    assert outcome(record) is None
    assert record.facts.extra == {"stun_error": "401"}


async def test_an_answer_to_another_transaction_is_passed_over_and_counted() -> None:
    """A forger off the path does not know the transaction."""
    async with udp.answering(udp.wrong_transaction_first) as target:
        record = await measure("stun", target)
    assert outcome(record) is None
    assert record.facts.extra["stun_wrong_transaction"] == "1"


async def test_junk() -> None:
    """A box that speaks something else."""
    async with udp.answering(udp.junk) as target:
        record = await measure("stun", target)
    assert outcome(record) == (Phase.APP, Kind.APP_JUNK)


async def test_a_lost_request_is_sent_again() -> None:
    """UDP loses."""
    async with udp.answering(udp.after(1, udp.stun)) as target:
        record = await measure("stun", target)
    assert outcome(record) is None
    assert record.seconds >= 0.5


async def test_a_closed_port_is_refused_by_an_icmp_message() -> None:
    """Nobody there is not silence."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    record = await measure("stun", f"127.0.0.1:{port}")
    assert outcome(record) == (Phase.APP, Kind.REFUSED)
    assert record.facts.refused_by == "icmp"


@pytest.mark.parametrize(("says", "word"), [(udp.echo, "answered"), (udp.silent, "silent")])
async def test_random_bytes_beside_a_silent_server_tell_payload_from_port(says: udp.Say, word: str) -> None:
    """STUN silent and random answered: calls are known by what they say."""
    async with udp.answering(udp.silent) as target, udp.answering(says) as peer:
        record = await measure("stun", target, timeout=SILENCE, peer=peer)
    assert outcome(record) == (Phase.APP, Kind.TIMEOUT)
    assert record.facts.extra["peer"] == word


async def test_a_peer_and_a_server_that_both_answer() -> None:
    """Both ways are open; the address is the server's."""
    async with udp.answering(udp.stun) as target, udp.answering(udp.echo) as peer:
        record = await measure("stun", target, peer=peer)
    assert outcome(record) is None
    assert record.facts.extra["peer"] == "answered"


async def test_junk_with_a_peer_is_still_junk() -> None:
    """The exchange beside does not hide a failure."""
    async with udp.answering(udp.junk) as target, udp.answering(udp.echo) as peer:
        record = await measure("stun", target, peer=peer)
    assert outcome(record) == (Phase.APP, Kind.APP_JUNK)


def test_a_peer_is_an_address_and_is_a_contact() -> None:
    """No second name is asked for."""
    assert Stun(target="a.example:3478", peer="192.0.2.1:7").contacts() == ("a.example", "192.0.2.1")
    with pytest.raises(ValidationError):
        Stun(target="a.example:3478", peer="b.example:7")


# ---- the other family, and a relay -----------------------------------------------------------------------------------


async def test_over_ipv6() -> None:
    """And our address in it is not kept either."""
    async with udp.answering(udp.stun, "::1") as target:
        record = await measure("stun", target, family="ipv6")
    assert (outcome(record), record.facts.address) == (None, "::1")
    assert record.facts.extra == {"stun_family": "ipv6", "stun_port_changed": "no"}


@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "ipv4"), ("::1", "ipv6")])
async def test_through_a_relay(host: str, family: str) -> None:
    """The port that the server sees is the relay's: nothing is said of a translator on our own path."""
    proxy = HonestSocks()
    async with udp.answering(udp.stun, host) as target, serve(proxy.server, host) as port:
        record = await measure("stun", target, through("socks5", port, host, udp=True))
    assert outcome(record) is None, record
    assert [timing.phase for timing in record.timings] == [Phase.PROXY, Phase.APP]
    assert record.facts.extra == {"stun_family": family}
    assert [place for place, _port, _data in proxy.relayed] == [host]


@pytest.mark.parametrize(("says", "word"), [(udp.echo, "answered"), (udp.silent, "silent")])
async def test_a_peer_is_asked_through_the_relay_too(says: udp.Say, word: str) -> None:
    """A filter that knows STUN by what it says is between the relay and the server then."""
    proxy = HonestSocks()
    async with (
        udp.answering(udp.silent) as target,
        udp.answering(says) as peer,
        serve(proxy.server) as port,
    ):
        record = await measure("stun", target, through("socks5", port, udp=True), timeout=SILENCE, peer=peer)
    assert outcome(record) == (Phase.APP, Kind.TIMEOUT)
    assert record.facts.extra["peer"] == word
    assert {f"{host}:{number}" for host, number, _data in proxy.relayed} == {target, peer}


async def test_a_proxy_that_relays_nothing_is_our_own_fault() -> None:
    async with udp.answering(udp.stun) as target, serve(replying(7)) as port:
        record = await measure("stun", target, through("socks5", port, udp=True))
    assert outcome(record) == (Phase.PROXY, Kind.LOCAL), record
