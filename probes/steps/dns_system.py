"""One question to the machine's own resolver, through c-ares, as the programs of this machine ask."""

import asyncio
import socket

import aiodns
import pycares

from probes.failure import Fault
from probes.record import Answer, Kind
from probes.run import Run
from probes.steps import wire
from probes.steps.dns_verdict import ADDRESS_TYPES

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
