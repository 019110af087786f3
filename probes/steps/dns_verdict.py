"""What an answer is worth: usable, denied, forged; and what in it gives a forgery away."""

from probes.failure import Fault
from probes.record import Answer, Kind, rewritten
from probes.run import Run
from probes.steps.bogon import is_bogon
from probes.steps.dns_block_pages import block_page

RCODES = {
    "NOERROR": Kind.DNS_NO_ANSWER,
    "NXDOMAIN": Kind.DNS_NXDOMAIN,
    "SERVFAIL": Kind.DNS_SERVFAIL,
    "REFUSED": Kind.DNS_REFUSED,
}
"""What an answer without a usable address is called; every other rcode is a server that misbehaves."""
ADDRESS_TYPES = frozenset({"A", "AAAA"})


def usable(run: Run, answer: Answer, kind: str, signs: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The addresses of an answer to a question of that type, or its records as text, in order.

    Raises Fault where a stub could not use them, or nobody should and they are not among `signs`.
    Facts: extra.dns_rewrite, extra.block_page.
    """
    if rewritten(answer):
        run.note(extra={"dns_rewrite": "aa without soa"})
    said = answer.addresses if kind in ADDRESS_TYPES else answer.data
    if answer.rcode != "NOERROR" or not said:
        failed = RCODES.get(answer.rcode, Kind.DNS_MISBEHAVING)
        raise Fault(failed, answer.rcode if failed is Kind.DNS_MISBEHAVING else "")
    _look_at(run, answer.addresses, signs)
    return said


def _look_at(run: Run, addresses: tuple[str, ...], signs: tuple[str, ...]) -> None:
    """Raises Fault for addresses that nobody should use; signs, and those that the operator owns, are fine."""
    strange = [text for text in addresses if text not in signs and not run.world.owned(text)]
    bogons = [text for text in strange if is_bogon(text)]
    if bogons:
        raise Fault(Kind.DNS_BOGON, ", ".join(bogons), addresses=addresses)
    pages = {text: operator for text in strange if (operator := block_page(text))}
    if pages:
        run.note(extra={"block_page": ", ".join(dict.fromkeys(pages.values()))})
        raise Fault(Kind.DNS_BLOCKPAGE, ", ".join(pages), addresses=addresses)
