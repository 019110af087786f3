"""The DNS step: which address a run measures, and what an answer without one is called."""

import asyncio

import pytest

from probes.clock import SystemClock
from probes.record import Answer, Kind, Phase
from probes.run import Skipped, World
from probes.steps import dns_udp
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import BLOCKPAGE, FORGED, TRUE, ask, failed, timeless
from tests.lab.dns_servers import closed_port, lying_resolver


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer is waited for 0.5 s in truth; tests that have none need not wait so long."""
    monkeypatch.setattr(dns_udp, "LISTEN", 0.02)


async def test_a_good_answer_is_one_dns_phase_and_its_facts() -> None:
    async with lying_resolver(lab.answer(TRUE, "157.240.205.61")) as place:
        record = await ask(place)
    assert record.failure is None
    assert [timing.phase for timing in record.timings] == [Phase.DNS]
    facts = record.facts
    assert facts.address == "157.240.205.61"
    assert facts.addresses == ("157.240.205.61", TRUE)
    assert facts.resolver == place
    assert timeless(facts.answers) == [Answer(0.0, "NOERROR", ("rd", "ra"), facts.addresses, 60, 0, "udp")]
    assert facts.extra == {}


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7", "2001:db8::1"])
async def test_an_address_is_not_asked_for(address: str) -> None:
    record = await ask(closed_port(), address)
    assert record.failure is None
    assert record.timings == ()
    assert record.facts.address == address
    assert record.facts.answers == ()


async def test_addresses_rotate_with_the_slot_in_numeric_order() -> None:
    async with lying_resolver(lab.answer("9.9.9.9", "157.240.205.62", "31.13.72.1")) as place:
        chosen = [(await ask(place, slot=slot)).facts.address for slot in range(4)]
    assert chosen == ["9.9.9.9", "31.13.72.1", "157.240.205.62", "9.9.9.9"]


async def test_the_family_of_the_series_chooses_the_question() -> None:
    async with lying_resolver(lab.answer(TRUE, "2a03:2880:f24d::167")) as place:
        four, six = await ask(place), await ask(place, family="ipv6")
    assert (four.facts.address, six.facts.address) == (TRUE, "2a03:2880:f24d::167")


async def test_aliases_are_followed() -> None:
    async with lying_resolver(lab.answer(TRUE, aliases=["mmx-ds.cdn.whatsapp.net"])) as place:
        assert (await ask(place)).facts.address == TRUE


async def test_a_resolver_reached_over_ipv6() -> None:
    async with lying_resolver(lab.answer(TRUE), address="::1") as place:
        assert (await ask(place)).facts.address == TRUE


async def test_every_record_asks_anew() -> None:
    async with lying_resolver(lab.in_turn(lab.answer(TRUE), lab.nxdomain())) as place:
        records = [await ask(place), await ask(place)]
    assert [failed(record) for record in records] == [None, Kind.DNS_NXDOMAIN]
    assert len(place.asked) == 2


async def test_ids_and_ports_cannot_be_guessed() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        await asyncio.gather(*(ask(place) for _ in range(20)))
    assert len({question[:2] for question in place.asked}) > 15
    assert len({question[2:] for question in place.asked}) == 1


async def test_a_slow_answer_is_waited_for() -> None:
    async with lying_resolver(lab.after(0.3, lab.answer(TRUE))) as place:
        record = await ask(place)
    assert record.failure is None
    assert record.timings[0].seconds >= 0.3
    assert record.facts.answers[0].arrival >= 0.3


async def test_an_address_that_nobody_knows_is_an_answer_for_detection_to_judge() -> None:
    async with lying_resolver(lab.answer(FORGED)) as place:
        record = await ask(place)
    assert (record.failure, record.facts.address) == (None, FORGED)


async def test_the_address_of_a_block_page_is_a_failure_that_names_its_operator() -> None:
    async with lying_resolver(lab.answer(BLOCKPAGE)) as place:
        record = await ask(place)
    assert failed(record) is Kind.DNS_BLOCKPAGE
    assert (record.facts.address, record.facts.addresses) == (None, (BLOCKPAGE,))
    assert record.facts.extra == {"block_page": "an operator in RU (188.186.146)"}


FAILURES = {
    "nxdomain": (lab.nxdomain(), Kind.DNS_NXDOMAIN),
    "nodata": (lab.nodata(), Kind.DNS_NO_ANSWER),
    "alias to nowhere": (lab.nodata(aliases=["gone.example"]), Kind.DNS_NO_ANSWER),
    "only the other family": (lab.answer("2a03:2880::1"), Kind.DNS_NO_ANSWER),
    "servfail": (lab.rcode("SERVFAIL"), Kind.DNS_SERVFAIL),
    "refused": (lab.rcode("REFUSED"), Kind.DNS_REFUSED),
    "refused without the question": (lab.rcode("REFUSED", question_kept=False), Kind.DNS_REFUSED),
    "notimp": (lab.rcode("NOTIMP"), Kind.DNS_MISBEHAVING),
    "formerr": (lab.rcode("FORMERR"), Kind.DNS_MISBEHAVING),
    "notauth": (lab.rcode("NOTAUTH"), Kind.DNS_MISBEHAVING),
    "malformed": (lab.malformed(), Kind.DNS_MISBEHAVING),
    "bogon": (lab.answer("10.10.34.35"), Kind.DNS_BOGON),
    "bogon among others": (lab.answer(TRUE, "100.64.0.1"), Kind.DNS_BOGON),
}


@pytest.mark.parametrize(("lie", "kind"), FAILURES.values(), ids=FAILURES)
async def test_failures(lie: lab.Lie, kind: Kind) -> None:
    async with lying_resolver(lie) as place:
        record = await ask(place)
    assert failed(record) is kind
    assert record.facts.address is None
    assert len(record.facts.answers) == 1


async def test_a_bogon_that_the_operator_owns_is_none() -> None:
    async with lying_resolver(lab.answer("127.0.0.1")) as place:
        assert (await ask(place)).failure is None
        strict = World(SystemClock(), owned=lambda _address: False)
        record = await ask(place, world=strict)
    assert failed(record) is Kind.DNS_BOGON
    assert record.facts.addresses == ("127.0.0.1",)


async def test_an_ipv6_bogon() -> None:
    async with lying_resolver(lab.answer("fd00::1")) as place:
        assert failed(await ask(place, family="ipv6")) is Kind.DNS_BOGON


async def test_dns64_is_no_bogon() -> None:
    async with lying_resolver(lab.answer("64:ff9b::9df0:cd3e")) as place:
        assert failed(await ask(place, family="ipv6")) is None


async def test_a_name_that_dns_cannot_carry_is_our_own_fault() -> None:
    assert failed(await ask(closed_port(), "a..b")) is Kind.LOCAL


async def test_without_budget_nothing_is_asked() -> None:
    async def none_left(address: str) -> None:
        assert address == "dns:127.0.0.1"
        raise Skipped("budget")

    async with lying_resolver(lab.answer(TRUE)) as place:
        with pytest.raises(Skipped):
            await ask(place, world=World(SystemClock(), permit=none_left))
    assert place.asked == []
