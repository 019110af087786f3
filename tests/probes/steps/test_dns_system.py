"""The machine's own resolver: what c-ares says, and that it keeps nothing from one record to the next."""

import asyncio

import aiodns
import pycares
import pytest

from probes.failure import Fault
from probes.record import Answer, Kind, Phase
from probes.steps import dns_system as step
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import FORGED, NAME, TRUE, OnlyTcp, ask, failed, timeless
from tests.lab.dns_servers import closed_port, lying_resolver


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
