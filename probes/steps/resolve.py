"""The DNS step: one question to one resolver for every run, and a verdict on the first answer."""

import asyncio
import socket
from functools import lru_cache
from ipaddress import ip_address

import aiodns
import pycares

from probes.failure import Fault
from probes.record import Answer, Family, Kind, Phase
from probes.run import Run
from probes.steps import wire
from probes.steps.bogon import is_bogon
from probes.steps.dns_tcp import ask_tcp
from probes.steps.dns_udp import ask_udp
from probes.steps.resolver import Resolver, parse_resolver

QUESTIONS = {Family.IPV4: "A", Family.IPV6: "AAAA"}
RCODES = {
    "NOERROR": Kind.DNS_NO_ANSWER,
    "NXDOMAIN": Kind.DNS_NXDOMAIN,
    "SERVFAIL": Kind.DNS_SERVFAIL,
    "REFUSED": Kind.DNS_REFUSED,
}
"""What an answer without a usable address is called; every other rcode is a server that misbehaves."""


async def resolve(run: Run, host: str, resolver: str | None = None) -> str:
    """The address to measure in this slot, asked anew; a numeric host is returned without a question.

    `resolver` stands in for the vantage's own. Facts: address, addresses, resolver, answers.
    """
    if _is_numeric(host):
        run.note(address=host)
        return host
    chosen = parse_resolver(resolver or run.attempt.resolver)
    await run.permit(f"dns:{chosen.address or chosen.transport}")
    run.note(resolver=chosen.place)
    async with run.phase(Phase.DNS):
        answer = await _ask(run, chosen, host)
        addresses = _usable(run, answer)
        address = addresses[run.attempt.slot % len(addresses)]
        run.note(address=address, addresses=addresses)
    return address


@lru_cache(maxsize=4096)
def _is_numeric(host: str) -> bool:
    """True for an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _ask(run: Run, resolver: Resolver, host: str) -> Answer:
    """Put the question by the resolver's transport; a truncated reply is asked for again over TCP."""
    kind = QUESTIONS[Family(run.attempt.series.family)]
    try:
        query = wire.question(host, kind)
    except ValueError as error:
        raise Fault(Kind.LOCAL, str(error)) from error
    if resolver.transport == "system":
        return await ask_system(run, host, kind)
    if resolver.transport == "udp":
        answer = await ask_udp(run, resolver, query)
        if "tc" not in answer.flags:
            return answer
    return await ask_tcp(run, resolver, query)


def _usable(run: Run, answer: Answer) -> tuple[str, ...]:
    """The addresses of an answer, in order. Raises Fault where a stub could not use them or nobody should."""
    if answer.rcode != "NOERROR" or not answer.addresses:
        kind = RCODES.get(answer.rcode, Kind.DNS_MISBEHAVING)
        raise Fault(kind, answer.rcode if kind is Kind.DNS_MISBEHAVING else "")
    bogons = [text for text in answer.addresses if is_bogon(text) and not run.world.owned(text)]
    if bogons:
        raise Fault(Kind.DNS_BOGON, ", ".join(bogons), addresses=answer.addresses)
    return answer.addresses


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
