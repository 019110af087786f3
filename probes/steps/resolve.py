"""The DNS step: one question to one resolver for every run, and a verdict on the first answer."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from probes.failure import Fault, classify
from probes.record import Answer, Family, Kind, Phase
from probes.run import Run, Skipped, Stopped
from probes.steps import wire
from probes.steps.dns_https import ask_https
from probes.steps.dns_identity import identity, mask
from probes.steps.dns_system import ask_system
from probes.steps.dns_tcp import ask_tcp
from probes.steps.dns_tls import ask_tls
from probes.steps.dns_udp import ask_udp
from probes.steps.dns_verdict import ADDRESS_TYPES, usable
from probes.steps.resolver import Resolver, parse_resolver

QUESTIONS = {Family.IPV4: "A", Family.IPV6: "AAAA"}
NO_EDNS = frozenset({"FORMERR", "NOTIMP", "BADVERS"})
"""How a server says that it does not know EDNS (RFC 6891 section 7)."""
SECOND_OPINION = 2.0
"""Seconds that a question over TCP may take after an answer over UDP that is none."""
TEXT = 300
"""Characters of a second opinion that are kept."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a resolver is asked, and how closely the answer is looked at."""

    host: str
    kind: str
    """`A`, `AAAA`, `NS`, `HTTPS`, `TXT`."""
    edns: bool = False
    also_tcp: bool = False
    """Ask once more over TCP where UDP brings no address, or one that cannot be true."""
    whoami: bool = False
    """The answer names the resolver, not the target."""
    signs: tuple[str, ...] = ()
    """Addresses that are said in place of words: no forgery, whatever they are."""

    def message(self, *, edns: bool) -> bytes:
        """On the wire, with id 0. Raises Fault: a name that DNS cannot carry is our own mistake."""
        try:
            return wire.question(self.host, self.kind, edns)
        except ValueError as error:
            raise Fault(Kind.LOCAL, str(error)) from error


async def resolve(run: Run, host: str, resolver: str | None = None) -> str:
    """The address to measure in this slot, asked anew; a host that needs none is returned without a question.

    `resolver` stands in for the vantage's own. Facts: address, addresses, resolver, answers.
    """
    host = run.attempt.instead.address or host
    if _is_numeric(host) or (resolver is None and passes_names(run)):
        run.note(address=host)
        return host
    return _turn(run, await inquire(run, Question(host, QUESTIONS[Family(run.attempt.series.family)]), resolver))


def _turn(run: Run, addresses: tuple[str, ...]) -> str:
    """The address whose turn it is in this slot."""
    return addresses[run.attempt.slot % len(addresses)]


def passes_names(run: Run) -> bool:
    """True where a far end looks names up: asking here would tell our line what is measured from there."""
    return "remote_names" in run.vantage.carries


@lru_cache(maxsize=4096)
def _is_numeric(host: str) -> bool:
    """True for an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def inquire(run: Run, question: Question, resolver: str | None = None) -> tuple[str, ...]:
    """What is answered, once it is found good: addresses, or records as text. Facts: address, addresses, resolver,
    answers; in `extra` dns_rewrite, block_page, dns_edns, tcp_says, resolver_identity.
    """
    chosen = parse_resolver(run.attempt.instead.resolver or resolver or run.attempt.resolver)
    await run.permit(f"dns:{chosen.address or chosen.transport}")
    run.note(resolver=chosen.label if chosen.trusts else chosen.place)
    if question.whoami:
        run.closing.callback(mask, run)
    try:
        said = await _judged(run, chosen, question)
    except Stopped:
        if question.also_tcp and _only_udp_failed(run, chosen):
            run.beside.append(_second_opinion(run, chosen, question))
        raise
    if question.whoami:
        run.note(extra={"resolver_identity": identity(said)})
    return said


async def _judged(run: Run, resolver: Resolver, question: Question) -> tuple[str, ...]:
    """The DNS phase. Raises Stopped."""
    async with run.phase(Phase.DNS):
        said = usable(run, await put(run, resolver, question), question.kind, question.signs)
        if question.kind in ADDRESS_TYPES:
            run.note(address=_turn(run, said), addresses=said)
    return said


def _only_udp_failed(run: Run, resolver: Resolver) -> bool:
    """True where TCP has not been asked yet and might say something else: neither a fault of ours nor of a proxy."""
    failure = run.failure
    return (
        resolver.transport == "udp"
        and failure is not None
        and (failure.phase, failure.kind is Kind.LOCAL) == (Phase.DNS, False)
        and not any("tc" in answer.flags for answer in run.seen.get("answers", ()))
    )


async def put(run: Run, resolver: Resolver, question: Question) -> Answer:
    """Put the question by the resolver's transport; a server that knows no EDNS is asked again without."""
    query = question.message(edns=question.edns)
    if resolver.transport == "system":
        return await ask_system(run, question.host, question.kind)
    answer = await _carry(run, resolver, query)
    if question.edns and answer.rcode in NO_EDNS:
        # Its refusal is no answer to the question: kept among them it would look like one that was forged.
        run.note(extra={"dns_edns": answer.rcode}, answers=tuple(a for a in run.seen["answers"] if a is not answer))
        answer = await _carry(run, resolver, question.message(edns=False))
    return answer


async def _carry(run: Run, resolver: Resolver, query: bytes) -> Answer:
    """Put a question on the wire; a truncated reply over UDP is asked for again over TCP."""
    if resolver.transport == "tls":
        return await ask_tls(run, resolver, query)
    if resolver.transport == "https":
        return await ask_https(run, resolver, query)
    if resolver.transport == "udp":
        answer = await ask_udp(run, resolver, query)
        if "tc" not in answer.flags:
            return answer
    return await ask_tcp(run, resolver, query)


async def _second_opinion(run: Run, resolver: Resolver, question: Question) -> None:
    """Ask the same over TCP when all is over, within the limits; fact: extra.tcp_says, and the answer among answers."""
    try:
        await run.world.permit(f"dns:{resolver.address}")
        async with asyncio.timeout(SECOND_OPINION):
            answer = await ask_tcp(run, resolver, question.message(edns=False), lambda _phase: nullcontext())
    except Skipped as skipped:
        says = f"not asked: {skipped.reason}"
    except (OSError, EOFError) as fault:
        says = str(classify(fault)[0])
    else:
        said = (*answer.addresses, *answer.data)
        says = " ".join((answer.rcode, *([identity(said)] if question.whoami else said)))[:TEXT]
    run.note(extra={"tcp_says": says})
