"""Who asks on our behalf: the address from which a resolver puts its questions, kept as a network only.

A name such as whoami.akamai.net is answered with the address that asked for it. Where a household or a firm runs its
own resolver that is the vantage's own address, and nobody can tell that from here (behind a NAT it is unknown): so the
last 8 bits of an IPv4 address and the last 80 of an IPv6 address are left out, always and everywhere in the record.
"""

from dataclasses import replace
from ipaddress import ip_address, ip_network

from probes.record import Answer
from probes.run import Run

PREFIX = {4: 24, 6: 48}
"""Bits that are kept, by IP version."""
SHOWN = 4
"""Networks that are named; a resolver with many faces may give more."""


def identity(said: tuple[str, ...]) -> str:
    """The networks of the addresses that an answer gives, in its order; other texts are left out."""
    found = [network for text in said if (network := network_of(text)) is not None]
    return " ".join(dict.fromkeys(found[:SHOWN]))


def network_of(text: str) -> str | None:
    """The network of an address (a TXT string in quotes too): `193.232.128.0/24`; None for any other text."""
    try:
        ip = ip_address(text.strip('"'))
    except ValueError:
        return None
    return str(ip_network((ip, PREFIX[ip.version]), strict=False))


def mask(run: Run) -> None:
    """Put networks for addresses in all that the run has seen, and drop texts that hold none: they name ours (ECS)."""
    if "answers" in run.seen:
        run.note(answers=tuple(_masked(answer) for answer in run.seen["answers"]))
    if "addresses" in run.seen:
        run.note(addresses=_networks(run.seen["addresses"]))
    run.note(address=None)


def _masked(answer: Answer) -> Answer:
    return replace(answer, addresses=_networks(answer.addresses), data=_networks(answer.data))


def _networks(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(network for text in said if (network := network_of(text)) is not None))
