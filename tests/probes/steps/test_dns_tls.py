"""A question over TLS: the resolver's certificate counts, and every fault is one of the dns phase."""

import pytest

from probes.record import Kind, Phase, Record
from tests.lab import dns_servers as lab
from tests.lab.certificates import chain_hash
from tests.lab.dns_runs import TRUE, Here, OnlyTcp, ask, failed, timeless
from tests.lab.dns_servers import closed_port
from tests.lab.dns_tls_servers import NAME, over_tls, tls_at, tls_world
from tests.lab.runs import SILENCE
from tests.lab.servers import (
    Server,
    alerting,
    fin_after_hello,
    noise_instead_of_hello,
    page_instead_of_hello,
    reset_after_hello,
    serve,
    silent_after_hello,
)


async def ask_tls(server: Server, name: str = "", **changes) -> Record:
    """One run that resolves over TLS."""
    async with serve(server) as port:
        return await ask(tls_at(port, name), world=tls_world(), **changes)


@pytest.mark.parametrize("name", ["", NAME], ids=["by its address", "by its name"])
async def test_a_resolver_that_can_prove_who_it_is_is_believed(name: str) -> None:
    record = await ask_tls(over_tls(lab.answer(TRUE)), name)
    assert record.failure is None
    assert [timing.phase for timing in record.timings] == [Phase.DNS]
    assert record.facts.address == TRUE
    [answer] = timeless(record.facts.answers)
    assert (answer.transport, answer.rcode, answer.addresses) == ("tls", "NOERROR", (TRUE,))


async def test_the_resolver_is_named_with_its_transport_and_leaves_no_tls_facts_for_the_target() -> None:
    async with serve(over_tls(lab.answer(TRUE))) as port:
        facts = (await ask(tls_at(port, NAME), world=tls_world())).facts
    assert facts.resolver == f"127.0.0.1:{port}/tls"
    assert (facts.tls, facts.chain, facts.trust, facts.alert, facts.first_byte, facts.tcp) == (None,) * 6


async def test_no_datagram_is_sent() -> None:
    record = await ask_tls(over_tls(lab.answer(TRUE)), vantage=OnlyTcp())
    assert record.facts.address == TRUE


async def test_the_question_is_that_of_a_stub_under_an_id_of_its_own() -> None:
    asked: list[bytes] = []
    for _ in range(3):
        await ask_tls(over_tls(lab.answer(TRUE), asked=asked))
    assert len({question[:2] for question in asked}) > 1
    assert len({question[2:] for question in asked}) == 1


CERTIFICATES = {
    "wrong_host": (Kind.TLS_HOSTNAME, 62),
    "unknown_issuer": (Kind.TLS_AUTHORITY, 20),
    "self_signed": (Kind.TLS_AUTHORITY, 18),
    "expired": (Kind.TLS_CERTIFICATE, 10),
}


@pytest.mark.parametrize(("certificate", "expected"), CERTIFICATES.items(), ids=CERTIFICATES)
async def test_a_resolver_that_is_somebody_else(certificate: str, expected: tuple[Kind, int]) -> None:
    record = await ask_tls(over_tls(lab.answer(TRUE), certificate), NAME)
    assert (failed(record), record.facts.verify) == expected
    assert (record.facts.chain, record.facts.trust) == (chain_hash(certificate), "public")
    assert record.facts.answers == ()


async def test_the_address_is_verified_where_no_name_is_given() -> None:
    record = await ask_tls(over_tls(lab.answer(TRUE), "wrong_host"))
    assert (failed(record), record.facts.verify) == (Kind.TLS_HOSTNAME, 64)


IN_THE_HELLO = {
    "reset": (reset_after_hello, Kind.RESET),
    "closed": (fin_after_hello, Kind.EOF),
    "silence": (silent_after_hello, Kind.TIMEOUT),
    "a page": (page_instead_of_hello, Kind.TLS_JUNK),
    "noise": (noise_instead_of_hello, Kind.TLS_JUNK),
    "an alert": (alerting(40), Kind.TLS_FAILED),
}


@pytest.mark.parametrize(("server", "kind"), IN_THE_HELLO.values(), ids=IN_THE_HELLO)
async def test_a_hello_that_is_cut_off(server: Server, kind: Kind) -> None:
    record = await ask_tls(server, NAME, timeout=SILENCE if kind is Kind.TIMEOUT else 5.0)
    assert failed(record) is kind
    assert record.facts.alert == (40 if kind is Kind.TLS_FAILED else None)


REPLIES = {
    "nxdomain": (lab.nxdomain(), Kind.DNS_NXDOMAIN),
    "nodata": (lab.nodata(), Kind.DNS_NO_ANSWER),
    "wrong id": (lab.with_wrong_id(lab.answer(TRUE)), Kind.DNS_WRONG_ID),
    "wrong question": (lab.with_wrong_question(lab.answer(TRUE)), Kind.DNS_MISBEHAVING),
    "malformed": (lab.malformed(), Kind.DNS_MISBEHAVING),
    "bogon": (lab.answer("10.0.0.1"), Kind.DNS_BOGON),
    "closed at once": (lab.cut_short(lab.answer(TRUE), 0), Kind.EOF),
    "closed within the length": (lab.cut_short(lab.answer(TRUE), 1), Kind.EOF),
    "closed within the reply": (lab.cut_short(lab.answer(TRUE), 20), Kind.EOF),
    "silence": (lab.silence(), Kind.TIMEOUT),
}


@pytest.mark.parametrize(("lie", "kind"), REPLIES.values(), ids=REPLIES)
async def test_replies_over_tls(lie: lab.Lie, kind: Kind) -> None:
    record = await ask_tls(over_tls(lie), NAME, timeout=SILENCE if kind is Kind.TIMEOUT else 5.0)
    assert failed(record) is kind


async def test_a_resolver_that_is_down() -> None:
    record = await ask(f"tls://{closed_port()}", world=tls_world())
    assert (failed(record), record.facts.refused_by) == (Kind.REFUSED, "rst")


async def test_nothing_stays_open() -> None:
    here = Here()
    await ask_tls(over_tls(lab.answer(TRUE)), vantage=here)
    await ask_tls(silent_after_hello, vantage=here, timeout=SILENCE)
    assert len(here.opened) == 2
    assert here.still_open() == 0


class Through(Here):
    """A vantage behind a relay at a port of this machine that brings every connection to where it listens."""

    carries = frozenset({"tcp"})

    def __init__(self, port: int) -> None:
        super().__init__()
        self.near = ("127.0.0.1", port)
        self.asked: list[tuple[str, int]] = []

    def route(self, address: str, port: int) -> tuple[str, int]:
        return self.near

    async def tunnel(self, sock, address: str, port: int, phase) -> None:
        self.asked.append((address, port))


async def test_behind_a_proxy_the_resolver_is_asked_through_it() -> None:
    async with serve(over_tls(lab.answer(TRUE))) as port:
        vantage = Through(port)
        record = await ask(f"tls://192.0.2.9#{NAME}", world=tls_world(), vantage=vantage)
    assert (record.facts.address, record.facts.resolver) == (TRUE, "192.0.2.9/tls")
    assert vantage.asked == [("192.0.2.9", 853)]
    assert {timing.phase for timing in record.timings} == {Phase.PROXY, Phase.DNS}


async def test_a_proxy_that_is_down_is_no_fault_of_the_resolver() -> None:
    port = int(closed_port().rpartition(":")[2])
    record = await ask(f"tls://[2001:db8::9]#{NAME}", world=tls_world(), vantage=Through(port))
    assert record.failure
    assert record.failure.phase is Phase.PROXY
