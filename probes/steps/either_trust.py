"""A handshake held against a service's own authorities and the public roots at once, and which of them vouched."""

import ssl
from functools import partial

from probes.failure import Fault
from probes.record import Kind
from probes.run import Run
from probes.steps.chain import leads_to
from probes.steps.handshake import Secured, handshake, issued
from probes.steps.stream import Stream
from probes.steps.trust import AND_PUBLIC, OBSERVE, PUBLIC, Watched


def either(trust: str) -> str:
    """The name of the trust set that holds the authorities of `trust` and the public roots."""
    return trust if trust in {PUBLIC, OBSERVE} else trust + AND_PUBLIC


async def handshake_either(
    run: Run, stream: Stream, host: str, trust: str, alpn: tuple[str, ...], *, pinned: bool
) -> Secured:
    """Shake hands; where `pinned`, a chain that public roots alone accept is a failure. Facts: those of handshake,
    and extra.issuer, extra.vouched_by (the name of the own set, or `public`).
    """
    judge = partial(_judge, run, trust, alpn, pinned=pinned)
    return await handshake(run, stream, host, either(trust), alpn, judge)


def _judge(run: Run, trust: str, alpn: tuple[str, ...], tls: ssl.SSLObject, *, pinned: bool) -> None:
    """Note who vouched for a chain that one of the two sets accepted."""
    run.note(extra=issued(tls))
    if trust == OBSERVE or not isinstance(tls, Watched) or tls.certificates is None:
        return
    roots = tuple(run.world.trust(trust, alpn).get_ca_certs(binary_form=True))
    own = trust != PUBLIC and leads_to(tls.certificates, roots)
    run.note(extra={"vouched_by": trust.rpartition("/")[2] if own else PUBLIC})
    if pinned and not own:
        raise Fault(Kind.TLS_AUTHORITY, "only public roots vouch for it")
