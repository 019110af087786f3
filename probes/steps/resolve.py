"""The DNS step: one question to one resolver for every run, and a verdict on the first answer."""

import asyncio
import socket
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

import aiodns
import pycares

from probes.failure import Fault, classify
from probes.record import Answer, Family, Kind, Phase
from probes.run import Run, Skipped, Stopped
from probes.steps import wire
from probes.steps.dns_https import ask_https
from probes.steps.dns_identity import identity, mask
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
    chosen = parse_resolver(resolver or run.attempt.resolver)
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
        said = usable(run, await _ask(run, resolver, question), question.kind)
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


async def _ask(run: Run, resolver: Resolver, question: Question) -> Answer:
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


# ---- the machine's own resolver, through c-ares ----------------------------------------------------------------------

SEEN = {
    pycares.errno.ARES_ENODATA: "NOERROR",
    pycares.errno.ARES_EFORMERR: "FORMERR",
    pycares.errno.ARES_ESERVFAIL: "SERVFAIL",
    pycares.errno.ARES_ENOTFOUND: "NXDOMAIN",
    pycares.errno.ARES_ENOTIMP: "NOTIMP",
    pycares.errno.ARES_EREFUSED: "REFUSED",
    pycares.errno.ARES_EBADRESP: wire.MALFORMED,
}
"""Codes of c-ares that stand for a reply, by what the reply said."""
AT_ONCE = 1.0
"""c-ares waits 2 s before it gives up on silence; a timeout below this many seconds means that it could not send."""


class SystemResolver:
    """Hands out one DNSResolver per loop, and a new one where the old one knows the answer already.

    c-ares keeps answers for up to an hour and aiodns cannot tell it not to; every record has to resolve anew (measured:
    three lookups, one question on the wire; a new resolver costs 0.16 ms, a thread and four descriptors). The old one
    lives until its last answer.
    """

    def __init__(self) -> None:
        """Nothing is opened before the first question."""
        self.current: aiodns.DNSResolver | None = None
        self.kept: set[tuple[str, str]] = set()

    def for_question(self, host: str, kind: str) -> aiodns.DNSResolver:
        """A resolver that does not know the answer. Raises AresError."""
        current = self.current
        loop = asyncio.get_running_loop()
        if current is None or current.loop is not loop or (host, kind) in self.kept:
            # No search domains: a name that the network denies must not come back as name.lan.
            current = self.current = aiodns.DNSResolver(loop=loop, flags=pycares.ARES_FLAG_NOSEARCH)
            self.kept.clear()
        return current

    def answered(self, resolver: aiodns.DNSResolver, host: str, kind: str) -> None:
        """A reply came, and c-ares may keep it. Silence it does not keep: then many questions share one resolver."""
        if resolver is self.current:
            self.kept.add((host, kind))


_system = SystemResolver()


async def close_system() -> None:
    """End the questions to the machine's resolver; for the end of a loop."""
    current, _system.current = _system.current, None
    if current is not None:
        await current.close()


async def ask_system(run: Run, host: str, kind: str) -> Answer:
    """Ask as programs of this machine do: the hosts file first, then the servers of resolv.conf, without flags."""
    if "system_dns" not in run.vantage.carries:
        raise Fault(Kind.LOCAL, "this vantage cannot ask the machine's own resolver; name a resolver for it")
    if kind not in ADDRESS_TYPES:
        raise Fault(Kind.LOCAL, f"the machine's own resolver is asked for addresses only, not {kind}; name a resolver")
    family = socket.AF_INET if kind == "A" else socket.AF_INET6
    try:
        resolver = _system.for_question(host, kind)
    except pycares.AresError as error:
        raise Fault(Kind.LOCAL, str(error)) from error
    answer = await _lookup(run, resolver, host, family)
    _system.answered(resolver, host, kind)
    run.note(answers=(*run.seen.get("answers", ()), answer))
    return answer


async def _lookup(run: Run, resolver: aiodns.DNSResolver, host: str, family: socket.AddressFamily) -> Answer:
    """One question to c-ares, and what its result or its code says."""
    begin = run.elapsed()
    try:
        result = await resolver.getaddrinfo(host, family=family)
    except aiodns.error.DNSError as error:
        return _without_address(error, run.elapsed() - begin, run.elapsed())
    return _answer(result, family, run.elapsed())


def _answer(result: pycares.AddrInfoResult, family: socket.AddressFamily, arrival: float) -> Answer:
    """Addresses as c-ares gives them; its header flags are lost."""
    nodes = [node for node in result.nodes if node.family == family]
    addresses = wire.in_order({node.addr[0].decode() for node in nodes})
    ttl = min((node.ttl for node in nodes), default=None)
    return Answer(round(arrival, 6), "NOERROR", addresses=addresses, ttl=ttl, transport="system")


def _without_address(error: aiodns.error.DNSError, waited: float, arrival: float) -> Answer:
    """The reply that a code of c-ares stands for. Raises Fault for codes that stand for none."""
    code, detail = error.args[0], str(error.args[-1])
    if code in SEEN:
        return Answer(round(arrival, 6), SEEN[code], transport="system")
    if code == pycares.errno.ARES_ETIMEOUT:
        raise Fault(Kind.TIMEOUT if waited >= AT_ONCE else Kind.LOCAL, detail)
    if code == pycares.errno.ARES_ECONNREFUSED:
        raise Fault(Kind.REFUSED, detail)
    if code == pycares.errno.ARES_EOF:
        raise Fault(Kind.EOF, detail)
    raise Fault(Kind.LOCAL, detail)
