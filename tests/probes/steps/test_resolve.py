"""The DNS step: which address a run measures, and what an answer without one is called."""

import asyncio

import aiodns
import pycares
import pytest

from probes.clock import SystemClock
from probes.failure import Fault
from probes.record import Answer, Kind, Phase
from probes.run import Skipped, World
from probes.steps import dns_udp
from probes.steps import resolve as step
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import BLOCKPAGE, FORGED, NAME, TRUE, OnlyTcp, ask, failed, timeless
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


# ---- the machine's own resolver --------------------------------------------------------------------------------------


@pytest.fixture
def system_asks(monkeypatch: pytest.MonkeyPatch):
    """Points c-ares at a lying resolver instead of resolv.conf."""
    made: list[aiodns.DNSResolver] = []

    def point_at(place: str, **changes) -> list[aiodns.DNSResolver]:
        real = aiodns.DNSResolver

        def instead(**options) -> aiodns.DNSResolver:
            made.append(real(servers=[place], **{**options, **changes}))
            return made[-1]

        monkeypatch.setattr(aiodns, "DNSResolver", instead)
        return made

    return point_at


@pytest.fixture(autouse=True)
async def system_closed():
    """Ends what a test asked of c-ares before its loop ends."""
    yield
    await step.close_system()


async def test_system_gives_an_answer_without_flags(system_asks) -> None:
    async with lying_resolver(lab.answer(TRUE, "9.9.9.9")) as place:
        system_asks(place)
        record = await ask("system", slot=1)
    assert (record.facts.resolver, record.facts.address) == ("system", TRUE)
    assert timeless(record.facts.answers) == [Answer(0.0, "NOERROR", (), ("9.9.9.9", TRUE), 60, 0, "system")]


SYSTEM_FAILURES = {
    "nxdomain": (lab.nxdomain(), Kind.DNS_NXDOMAIN),
    "nodata": (lab.nodata(), Kind.DNS_NO_ANSWER),
    "servfail": (lab.rcode("SERVFAIL"), Kind.DNS_SERVFAIL),
    "refused": (lab.rcode("REFUSED"), Kind.DNS_REFUSED),
    "notimp": (lab.rcode("NOTIMP"), Kind.DNS_MISBEHAVING),
    "formerr": (lab.rcode("FORMERR"), Kind.DNS_MISBEHAVING),
    "bogon": (lab.answer("10.0.0.1"), Kind.DNS_BOGON),
    "silence": (lab.silence(), Kind.TIMEOUT),
}


@pytest.mark.parametrize(("lie", "kind"), SYSTEM_FAILURES.values(), ids=SYSTEM_FAILURES)
async def test_failures_of_the_system_resolver(lie: lab.Lie, kind: Kind, system_asks) -> None:
    async with lying_resolver(lie) as place:
        system_asks(place)
        assert failed(await ask("system", timeout=0.5)) is kind


async def test_silence_that_c_ares_gives_up_on_is_a_timeout(system_asks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "AT_ONCE", 0.1)
    async with lying_resolver(lab.silence()) as place:
        system_asks(place, timeout=0.2, tries=1)
        record = await ask("system")
    assert record.failure is not None
    assert (failed(record), record.failure.detail != "") == (Kind.TIMEOUT, True)


async def test_a_closed_port_refuses_the_system_resolver(system_asks) -> None:
    system_asks(closed_port())
    assert failed(await ask("system")) is Kind.REFUSED


async def test_c_ares_keeps_answers_so_a_repeated_question_gets_a_new_resolver(system_asks) -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        made = system_asks(place)
        for _ in range(3):
            await ask("system")
        await ask("system", host="other.example")
        await ask("system", host="other.example", family="ipv6")
    assert len(place.asked) == 5
    assert len(made) == 3


async def test_silence_is_not_kept_so_questions_in_flight_share_a_resolver(system_asks) -> None:
    async with lying_resolver(lab.in_turn(*[lab.silence()] * 5, lab.answer(TRUE))) as place:
        made = system_asks(place)
        await asyncio.gather(*(ask("system", timeout=0.3) for _ in range(5)))
        assert (await ask("system")).facts.address == TRUE
    assert (len(place.asked), len(made)) == (6, 1)


async def test_no_search_domain_turns_a_denied_name_into_another(system_asks) -> None:
    async with lying_resolver(lab.by_name({NAME: lab.nxdomain()}, lab.answer(FORGED))) as place:
        system_asks(place, domains=["lan.example"])
        assert failed(await ask("system")) is Kind.DNS_NXDOMAIN
        assert failed(await ask("system", host="intranet")) is None
    assert len(place.asked) == 2


async def test_localhost_is_answered_without_a_question(system_asks) -> None:
    async with lying_resolver(lab.nxdomain()) as place:
        system_asks(place)
        four, six = await ask("system", host="localhost"), await ask("system", host="localhost", family="ipv6")
    assert (four.facts.address, six.facts.address) == ("127.0.0.1", "::1")
    assert [timing.phase for timing in four.timings] == [Phase.DNS]
    assert place.asked == []


async def test_system_needs_a_vantage_that_carries_it() -> None:
    assert failed(await ask("system", vantage=OnlyTcp())) is Kind.LOCAL


async def test_a_cancelled_question_to_the_system_leaves_nothing(system_asks) -> None:
    async with lying_resolver(lab.silence()) as place:
        system_asks(place)
        task = asyncio.get_running_loop().create_task(ask("system"))
        await place.came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_c_ares_that_cannot_start_is_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_options) -> None:
        raise pycares.AresError("Failed to initialize c-ares channel")

    monkeypatch.setattr(aiodns, "DNSResolver", broken)
    assert failed(await ask("system")) is Kind.LOCAL


@pytest.mark.parametrize(
    ("code", "waited", "kind"),
    [
        (12, 5.0, Kind.TIMEOUT),
        (12, 0.0, Kind.LOCAL),  # no route: c-ares calls that a timeout too
        (11, 0.0, Kind.REFUSED),
        (13, 0.0, Kind.EOF),
        (8, 0.0, Kind.LOCAL),
        (24, 0.0, Kind.LOCAL),
        (26, 0.0, Kind.LOCAL),
        (99, 0.0, Kind.LOCAL),
    ],
)
def test_codes_of_c_ares_that_are_no_reply(code: int, waited: float, kind: Kind) -> None:
    with pytest.raises(Fault) as caught:
        step._without_address(aiodns.error.DNSError(code, "words"), waited, 0.0)
    assert (caught.value.kind, caught.value.detail) == (kind, "words")


@pytest.mark.parametrize(
    ("code", "rcode"),
    [
        (1, "NOERROR"),
        (2, "FORMERR"),
        (3, "SERVFAIL"),
        (4, "NXDOMAIN"),
        (5, "NOTIMP"),
        (6, "REFUSED"),
        (10, "malformed"),
    ],
)
def test_codes_of_c_ares_that_are_replies(code: int, rcode: str) -> None:
    assert step._without_address(aiodns.error.DNSError(code, "words"), 0.0, 1.5) == Answer(
        1.5, rcode, transport="system"
    )
