"""Ask a resolver for a name: the probe in which the answer itself is what is measured."""

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import field_validator

from probes.plugin import PROBES, ProbeOptions, ascii_host
from probes.record import Family
from probes.run import Run
from probes.steps.resolve import QUESTIONS, resolve
from probes.steps.resolver import parse_resolver

OWN = "vantage"
"""Stands among the resolvers for the vantage's own, and in the endpoint's name."""


class Dns(ProbeOptions):
    """Options of the dns probe: A records in family ipv4, AAAA in ipv6, one series for each resolver."""

    needs: ClassVar[frozenset[str]] = frozenset({"udp"})
    traffic: ClassVar[int] = 300
    asks: ClassVar[bool] = True

    target: str
    """An operator sets this to the name that is asked for, `web.whatsapp.com`."""
    resolvers: tuple[str, ...] = ()
    """An operator sets this to ask certain resolvers (`195.208.4.1`, `tcp://8.8.8.8`), also `vantage` beside them."""

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

    def variants(self, family: str) -> Iterable[tuple[str | None, Self]]:
        """One series for each resolver: `web.whatsapp.com/A@195.208.4.1/udp`; `…/A@vantage` asks the vantage's own."""
        question = f"{self.target}/{QUESTIONS[Family(family)]}"
        for text in self.resolvers or (OWN,):
            place = OWN if text == OWN else _named(text)
            yield f"{question}@{place}", self.model_copy(update={"resolvers": (text,)})

    def contacts(self) -> tuple[str, ...]:
        """The resolvers that are named; the vantage's own has a limit of its own."""
        return tuple(parse_resolver(text).address for text in self.resolvers if text != OWN)


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
    await resolve(run, options.target, None if own else options.resolvers[0])
