"""One question over TLS: to a resolver whose certificate must be for its name, or for its address (RFC 7858)."""

from probes.record import Answer
from probes.run import Run
from probes.steps.dns_tcp import connected, framed
from probes.steps.handshake import Secured, presented
from probes.steps.resolver import OFFERED, TRUST, Resolver


async def ask_tls(run: Run, resolver: Resolver, query: bytes) -> Answer:
    """Connect, shake hands, ask and return the reply, all within the DNS phase."""
    return await framed(run, await secured(run, resolver), query, "tls")


async def secured(run: Run, resolver: Resolver) -> Secured:
    """TLS to a resolver; facts of a handshake that fails: trust, alert, chain, verify, first_byte.

    One that succeeds leaves none: the same facts speak of the target in the phases to come.
    """
    stream = await connected(run, resolver, run.phase)
    secured = Secured(stream, run.world.trust(TRUST, OFFERED[resolver.transport]), resolver.host)
    shaken = False
    try:
        await secured.shake(run)
        shaken = True
    finally:
        run.note(**({"first_byte": None} if shaken else {"trust": TRUST, **presented(secured.tls)}))
    return secured
