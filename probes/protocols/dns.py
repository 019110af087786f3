"""Ask a resolver for a name: the probe in which the answer itself is what is measured."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from probes.plugin import PROBES, ProbeOptions, ascii_host
from probes.record import Family
from probes.run import Run
from probes.steps.resolve import QUESTIONS, Question, inquire
from probes.steps.resolver import parse_resolver

OWN = "vantage"
"""Stands among the resolvers for the vantage's own, and in the endpoint's name."""
ADDRESS: Literal["address"] = "address"


class Dns(ProbeOptions):
    """Options of the dns probe: A records in family ipv4, AAAA in ipv6, one series for each resolver."""

    needs: ClassVar[frozenset[str]] = frozenset({"udp"})
    traffic: ClassVar[int] = 300
    version: ClassVar[int] = 2  # 1 took the address of a known block page for an answer
    asks: ClassVar[bool] = True

    target: str
    """An operator sets this to the name that is asked for, `web.whatsapp.com`."""
    resolvers: tuple[str, ...] = ()
    """An operator sets this to ask certain resolvers: `195.208.4.1`, `tcp://8.8.8.8`, `tls://9.9.9.9#dns.quad9.net`,
    `https://8.8.8.8/dns-query#dns.google`, also `vantage` beside them."""
    kind: Literal["address", "NS", "HTTPS", "TXT"] = ADDRESS
    """An operator sets this to ask for other records than addresses; the family then says nothing."""
    edns: bool = False
    """An operator sets this to ask as a resolver asks, with EDNS; a stub, and so a box in the path, knows none."""
    also_tcp: bool = False
    """An operator sets this to ask once more over TCP where UDP fails: the fact `tcp_says`. It takes up to 3 s beyond
    the timeout; `every` has to leave them."""
    whoami: bool = False
    """An operator sets this where the answer names the resolver itself (`whoami.akamai.net`): its network is kept."""

    signs: tuple[str, ...] = ()
    """An operator sets this where the answer is a sign and no place: the addresses that it may be, `127.0.0.1` among
    them, which elsewhere are a forgery."""

    @field_validator("target")
    @classmethod
    def _is_name(cls, target: str) -> str:
        name = ascii_host(target)
        if name.replace(".", "").isdecimal():
            raise ValueError(f"{target!r} is an address; a dns probe asks for a name")
        return name

    @field_validator("resolvers")
    @classmethod
    def _are_resolvers(cls, resolvers: tuple[str, ...]) -> tuple[str, ...]:
        named = [text if text == OWN else _named(text) for text in resolvers]
        if len(set(named)) < len(named):
            raise ValueError("a resolver is named twice")
        return resolvers

    @field_validator("signs")
    @classmethod
    def _are_addresses(cls, signs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_address(sign)) for sign in signs)

    @model_validator(mode="after")
    def _names_who_asks(self) -> Self:
        if self.whoami and self.kind not in {ADDRESS, "TXT"}:
            raise ValueError(f"whoami reads addresses and TXT, not {self.kind}")
        return self

    def variants(self, family: str) -> Iterable[tuple[str | None, Self]]:
        """One series for each resolver: `web.whatsapp.com/A@195.208.4.1/udp`; `…/A@vantage` asks the vantage's own."""
        question = f"{self.target}/{self._type(family)}"
        for text in self.resolvers or (OWN,):
            place = OWN if text == OWN else _named(text)
            yield f"{question}@{place}", self.model_copy(update={"resolvers": (text,)})

    def contacts(self) -> tuple[str, ...]:
        """The resolvers that are named, twice where they may be asked twice; the vantage's own has its own limit."""
        named = [parse_resolver(text) for text in self.resolvers if text != OWN]
        again = [each for each in named if self.also_tcp and each.transport == "udp"]
        return tuple(each.address for each in (*named, *again))

    def needed(self, resolver: str) -> frozenset[str]:
        """By whom is asked: TCP alone where that is over a connection; the machine's own resolver speaks for few."""
        asked = {parse_resolver(resolver if text == OWN else text).transport for text in self.resolvers or (OWN,)}
        if "system" in asked:
            return frozenset({"system_dns"})
        return self.needs if "udp" in asked else frozenset({"tcp"})

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Those of the resolvers that are asked over TLS."""
        return tuple(each for text in self.resolvers if text != OWN for each in parse_resolver(text).trusts)

    def question(self, family: str) -> Question:
        """What is asked in a series of that family."""
        return Question(self.target, self._type(family), self.edns, self.also_tcp, self.whoami, self.signs)

    def _type(self, family: str) -> str:
        return QUESTIONS[Family(family)] if self.kind == ADDRESS else self.kind


def _named(text: str) -> str:
    """How a resolver stands in the name of an endpoint. Raises ValueError."""
    resolver = parse_resolver(text)
    if resolver.transport == "system":
        raise ValueError(f'"system" belongs to a vantage; write "{OWN}" to ask the resolver that each vantage has')
    return resolver.label


@PROBES.add
async def dns(run: Run, options: Dns) -> None:
    """Ask once and keep what was answered; the series' resolver is the first of `resolvers`."""
    own = not options.resolvers or options.resolvers[0] == OWN
    await inquire(run, options.question(run.attempt.series.family), None if own else options.resolvers[0])
