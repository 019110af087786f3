"""A question over TCP, by choice or after a truncated reply."""

import pytest

from probes.record import Kind
from probes.steps import dns_udp
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import TRUE, OnlyTcp, ask, failed
from tests.lab.dns_servers import closed_port, lying_resolver


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer is waited for 0.5 s in truth; tests that have none need not wait so long."""
    monkeypatch.setattr(dns_udp, "LISTEN", 0.02)


async def test_a_truncated_reply_is_asked_for_over_tcp() -> None:
    async with lying_resolver(lab.truncated(), lab.answer(TRUE)) as place:
        record = await ask(place)
    assert record.facts.address == TRUE
    assert [(a.transport, "tc" in a.flags) for a in record.facts.answers] == [("udp", True), ("tcp", False)]
    assert len(record.timings) == 1


async def test_the_answer_over_tcp_counts() -> None:
    async with lying_resolver(lab.truncated(), lab.nxdomain()) as place:
        assert failed(await ask(place)) is Kind.DNS_NXDOMAIN


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_resolver_asked_over_tcp_only(address: str) -> None:
    async with lying_resolver(lab.silence(), lab.answer(TRUE), address=address) as place:
        record = await ask(f"tcp://{place}", vantage=OnlyTcp())
    assert record.facts.address == TRUE
    assert [answer.transport for answer in record.facts.answers] == ["tcp"]


TCP_FAILURES = {
    "closed within the length": (lab.cut_short(lab.answer(TRUE), 1), Kind.EOF),
    "closed within the reply": (lab.cut_short(lab.answer(TRUE), 20), Kind.EOF),
    "closed at once": (lab.cut_short(lab.answer(TRUE), 0), Kind.EOF),
    "wrong id": (lab.with_wrong_id(lab.answer(TRUE)), Kind.DNS_WRONG_ID),
    "wrong question": (lab.with_wrong_question(lab.answer(TRUE)), Kind.DNS_MISBEHAVING),
    "malformed": (lab.malformed(), Kind.DNS_MISBEHAVING),
    "silence": (lab.silence(), Kind.TIMEOUT),
    "bogon": (lab.answer("10.0.0.1"), Kind.DNS_BOGON),
}


@pytest.mark.parametrize(("lie", "kind"), TCP_FAILURES.values(), ids=TCP_FAILURES)
async def test_failures_over_tcp(lie: lab.Lie, kind: Kind) -> None:
    async with lying_resolver(lab.truncated(), lie) as place:
        assert failed(await ask(place, timeout=0.4)) is kind
        assert failed(await ask(f"tcp://{place}", timeout=0.4)) is kind


async def test_a_closed_tcp_port_is_refused_by_a_reset() -> None:
    record = await ask(f"tcp://{closed_port()}")
    assert failed(record) is Kind.REFUSED
    assert record.facts.refused_by == "rst"
