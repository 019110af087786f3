"""Has a name been taken out of a national registry, is it filtered by one resolver, or is it gone for everybody?"""

from typing import ClassVar

from pydantic import field_validator

from probes.plugin import PROBES, ProbeOptions, ascii_host
from probes.record import Family, Phase
from probes.run import Run
from probes.steps.registry import ask_each, conclude, forget_answers, permit_each
from probes.steps.resolve import QUESTIONS
from probes.steps.resolver import parse_resolver


class Registry(ProbeOptions):
    """Options of the registry probe. One run asks each national resolver for the target and each sibling."""

    needs: ClassVar[frozenset[str]] = frozenset({"udp", "tcp"})
    traffic: ClassVar[int] = 12_000
    asks: ClassVar[bool] = True

    target: str
    """An operator sets this to the name that may vanish: `whatsapp.com`."""
    siblings: tuple[str, ...] = ()
    """An operator sets this to names of the same service in other zones (`whatsapp.net`): they show that the
    resolvers answer at all; without one nothing is called removed."""
    national: tuple[str, ...] = ("195.208.4.1", "195.208.5.1")
    """An operator sets this when resolvers fed from another national root than Russia's NSDI are to be asked."""
    neutral: tuple[str, ...] = ("tls://9.9.9.9#dns.quad9.net", "https://8.8.8.8/dns-query#dns.google")
    """An operator sets this when other resolvers abroad are better reached; not over UDP, which is rewritten."""
    parents: tuple[str, ...] = ("195.208.6.1", "195.208.7.1")
    """An operator sets this to servers that hold the delegations of the national root; they are asked for NS."""

    @field_validator("target")
    @classmethod
    def _is_name(cls, target: str) -> str:
        return ascii_host(target)

    @field_validator("siblings")
    @classmethod
    def _are_names(cls, siblings: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(ascii_host(name) for name in siblings)

    @field_validator("national", "neutral", "parents")
    @classmethod
    def _are_resolvers(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        if any(parse_resolver(text).transport == "system" for text in servers):
            raise ValueError("name servers by their addresses, not the machine's own")
        return servers

    @property
    def questions(self) -> tuple[str, ...]:
        """Whom one run asks, once for each question."""
        return (*self.national * (1 + len(self.siblings)), *self.neutral, *self.parents)

    def contacts(self) -> tuple[str, ...]:
        """Every server, as often as it is asked."""
        return tuple(parse_resolver(text).address for text in self.questions)

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Those of the servers that are asked over TLS."""
        return tuple(each for text in self.questions for each in parse_resolver(text).trusts)


@PROBES.add
async def registry(run: Run, options: Registry) -> None:
    """Ask everybody for the name, national resolvers for its siblings too, and conclude."""
    kind = QUESTIONS[Family(run.attempt.series.family)]
    await permit_each(run, options.questions)
    run.closing.callback(forget_answers, run)
    async with run.phase(Phase.DNS):
        national = await ask_each(run, options.target, kind, options.national)
        siblings = [said for name in options.siblings for said in await ask_each(run, name, kind, options.national)]
        neutral = await ask_each(run, options.target, kind, options.neutral)
        parents = await ask_each(run, options.target, "NS", options.parents)
        conclude(run, national, siblings, neutral, parents)
