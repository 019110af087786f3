"""A question over UDP: what the first reply is, what comes after it, and what is none."""

import asyncio
from dataclasses import replace
from errno import ENETUNREACH

import pytest

from probes.clock import SystemClock
from probes.record import Kind, Phase
from probes.run import World, perform
from probes.steps import dns_udp
from probes.steps.resolve import resolve
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import FORGED, NAME, TRUE, Here, OnlyTcp, arrivals, ask, attempt, failed, resolving
from tests.lab.dns_servers import closed_port, lying_resolver

LISTEN = dns_udp.LISTEN


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer is waited for 0.5 s in truth; tests that have none need not wait so long."""
    monkeypatch.setattr(dns_udp, "LISTEN", 0.02)


@pytest.fixture
def half_a_second(short_listening: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real time."""
    monkeypatch.setattr(dns_udp, "LISTEN", LISTEN)


async def test_registry_removal_and_rewriting_are_told_apart_by_flags_and_authority() -> None:
    async with lying_resolver(lab.nxdomain()) as removed, lying_resolver(lab.nxdomain(soa=False, aa=True)) as rewritten:
        records = [await ask(removed), await ask(rewritten)]
    assert [failed(record) for record in records] == [Kind.DNS_NXDOMAIN] * 2
    seen = [(("aa" in a.flags), a.authority) for record in records for a in record.facts.answers]
    assert seen == [(False, 1), (True, 0)]


async def test_the_first_of_two_answers_is_used_and_both_are_kept(half_a_second: None) -> None:
    async with lying_resolver(lab.race(lab.answer(FORGED), lab.answer(TRUE), gap=0.1)) as place:
        record = await ask(place)
    assert (record.failure, record.facts.address, record.facts.addresses) == (None, FORGED, (FORGED,))
    assert [answer.addresses for answer in record.facts.answers] == [(FORGED,), (TRUE,)]
    assert record.facts.extra["dns_conflict"] == "yes"
    assert 100 <= float(record.facts.extra["dns_second_after_ms"]) < 500
    early, late = arrivals(record.facts.answers)
    assert 0.1 <= late - early < 0.5
    assert record.timings[0].seconds < late
    assert record.seconds < late


async def test_a_forged_denial_fails_and_the_true_answer_behind_it_is_a_fact(half_a_second: None) -> None:
    async with lying_resolver(lab.race(lab.nxdomain(soa=False), lab.answer(TRUE))) as place:
        record = await ask(place)
    assert failed(record) is Kind.DNS_NXDOMAIN
    assert [(a.rcode, a.addresses) for a in record.facts.answers] == [("NXDOMAIN", ()), ("NOERROR", (TRUE,))]


async def test_what_comes_after_half_a_second_is_not_waited_for(half_a_second: None) -> None:
    async with lying_resolver(lab.race(lab.answer(FORGED), lab.answer(TRUE), gap=0.8)) as place:
        record = await ask(place)
    assert len(record.facts.answers) == 1


async def test_listening_goes_on_beside_the_later_phases_and_costs_them_nothing(half_a_second: None) -> None:
    async def probe(run, options) -> None:
        await resolve(run, NAME)
        async with run.phase(Phase.APP):
            await asyncio.sleep(0.6)

    async with lying_resolver(lab.race(lab.answer(FORGED), lab.answer(TRUE), gap=0.2)) as place:
        vantage = Here()
        plugin = replace(resolving(NAME), function=probe)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        record = await perform(plugin, attempt(place), vantage, World(SystemClock()))
        took = loop.time() - begin
    assert [len(record.facts.answers), len(record.timings)] == [2, 2]
    assert took - record.seconds < 0.2  # the half second had passed before the probe ended


async def test_an_answer_just_before_the_deadline_makes_a_good_record() -> None:
    async with lying_resolver(lab.after(0.2, lab.answer(TRUE))) as place:
        record = await ask(place, timeout=0.4)
    assert record.failure is None


async def test_a_wrong_id_is_ignored_and_counted() -> None:
    lie = lab.first(lab.with_wrong_id(lab.answer(FORGED)), lab.with_wrong_id(lab.nxdomain()), then=lab.answer(TRUE))
    async with lying_resolver(lie) as place:
        record = await ask(place)
    assert (record.facts.address, len(record.facts.answers)) == (TRUE, 1)
    assert record.facts.extra == {"dns_wrong_id": "2"}


async def test_a_wrong_question_and_an_echo_are_ignored_and_counted() -> None:
    lie = lab.first(lab.with_wrong_question(lab.answer(FORGED)), lab.echo(), then=lab.answer(TRUE))
    async with lying_resolver(lie) as place:
        record = await ask(place)
    assert record.facts.address == TRUE
    assert record.facts.extra == {"dns_wrong_question": "1", "dns_no_reply": "1"}


async def test_only_wrong_ids_are_a_timeout_with_their_number() -> None:
    async with lying_resolver(lab.with_wrong_id(lab.answer(FORGED))) as place:
        record = await ask(place, timeout=0.3)
    assert failed(record) is Kind.TIMEOUT
    assert record.facts.extra == {"dns_wrong_id": "1"}


async def test_an_answer_from_another_port_is_none() -> None:
    async with lying_resolver(
        lab.first(lab.from_elsewhere(lab.answer(FORGED)), then=lab.after(0.1, lab.answer(TRUE)))
    ) as place:
        record = await ask(place)
    assert [a.addresses for a in record.facts.answers] == [(TRUE,)]


async def test_a_flood_is_counted_not_kept(half_a_second: None) -> None:
    async with lying_resolver(lab.flood(lab.answer(TRUE), 30)) as place:
        record = await ask(place)
    assert len(record.facts.answers) == 8
    assert record.facts.extra.pop("dns_second_after_ms")
    assert record.facts.extra == {"dns_more_answers": "22"}


async def test_arrival_is_when_the_kernel_had_it_not_when_our_loop_did() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        task = asyncio.get_running_loop().create_task(ask(place))
        await place.came.wait()
        blocked_from = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - blocked_from < 0.2:
            pass
        record = await task
    assert record.timings[0].seconds >= 0.2
    assert record.facts.answers[0].arrival < 0.15


async def test_a_clock_that_steps_moves_no_arrival() -> None:
    class Stepping(SystemClock):
        def wall(self) -> int:
            return super().wall() - 3_600_000_000

    async with lying_resolver(lab.answer(TRUE)) as place:
        record = await ask(place, world=World(Stepping()))
    assert 0 < record.facts.answers[0].arrival <= sum(t.begin + t.seconds for t in record.timings)


async def test_silence_is_a_timeout_at_the_deadline() -> None:
    async with lying_resolver(lab.silence()) as place:
        record = await ask(place, timeout=0.3)
    assert failed(record) is Kind.TIMEOUT
    assert record.facts.answers == ()
    assert record.facts.resolver == place


async def test_a_lost_question_is_asked_again_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_udp, "RETRY", 0.1)
    async with lying_resolver(lab.in_turn(lab.silence(), lab.answer(TRUE))) as place:
        record = await ask(place)
    assert record.facts.address == TRUE
    assert record.facts.extra == {"dns_questions": "2"}
    assert len(set(place.asked)) == 1


async def test_a_question_is_asked_again_once_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_udp, "RETRY", 0.05)
    async with lying_resolver(lab.silence()) as place:
        record = await ask(place, timeout=0.4)
    assert failed(record) is Kind.TIMEOUT
    assert len(place.asked) == 2


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_closed_port_is_refused_by_icmp(address: str) -> None:
    record = await ask(closed_port(address))
    assert failed(record) is Kind.REFUSED
    assert (record.facts.refused_by, record.facts.icmp_from) == ("icmp", address)


async def test_a_socket_that_cannot_be_opened_is_our_own_fault() -> None:
    record = await ask("127.0.0.1:53", vantage=OnlyTcp())
    assert record.failure is not None
    assert failed(record) is Kind.LOCAL
    assert record.failure.detail == "EACCES"


async def test_a_resolver_without_a_route_is_our_own_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect_ex", lambda _sock, _address: ENETUNREACH)
    record = await ask("127.0.0.1:53")
    assert record.failure is not None
    assert (failed(record), record.failure.detail) == (Kind.LOCAL, "ENETUNREACH")


async def test_sockets_are_closed_however_a_run_ends() -> None:
    vantage = Here()
    async with lying_resolver(lab.silence()) as silent, lying_resolver(lab.truncated(), lab.answer(TRUE)) as long:
        await ask(long, vantage=vantage)
        await ask(silent, vantage=vantage, timeout=0.1)
        await ask(closed_port(), vantage=vantage)
    assert len(vantage.opened) == 4
    assert vantage.still_open() == 0


@pytest.mark.parametrize("wait", ["first answer", "listening"])
async def test_a_cancelled_run_leaves_no_socket_and_no_reader(wait: str, half_a_second: None) -> None:
    vantage = Here()
    lie = lab.silence() if wait == "first answer" else lab.answer(TRUE)
    async with lying_resolver(lie) as place:
        task = asyncio.get_running_loop().create_task(ask(place, vantage=vantage))
        await place.came.wait()
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [len(vantage.opened), vantage.still_open()] == [1, 0]


async def test_two_replies_that_say_the_same_are_no_conflict(half_a_second: None) -> None:
    async with lying_resolver(lab.race(lab.answer(TRUE), lab.answer(TRUE), gap=0.05)) as place:
        record = await ask(place)
    assert list(record.facts.extra) == ["dns_second_after_ms"]


async def test_a_third_reply_may_be_the_one_that_contradicts(half_a_second: None) -> None:
    async with lying_resolver(lab.first(*[lab.answer(TRUE)] * 2, then=lab.after(0.1, lab.nxdomain()))) as place:
        record = await ask(place)
    assert record.facts.extra["dns_conflict"] == "yes"
    assert float(record.facts.extra["dns_second_after_ms"]) < 100


async def test_a_rewriting_box_is_named_by_what_it_forgets() -> None:
    async with lying_resolver(lab.nxdomain(soa=False, aa=True)) as place:
        record = await ask(place)
    assert (failed(record), record.facts.extra) == (Kind.DNS_NXDOMAIN, {"dns_rewrite": "aa without soa"})
