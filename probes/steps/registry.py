"""The dns phase of a registry probe: one name at many servers, one after the other."""

import asyncio
from collections.abc import Iterable

from probes.failure import Fault, classify
from probes.record import Kind
from probes.run import Run
from probes.steps.dns_verdict import usable
from probes.steps.registry_verdict import Said, Whereabouts, whereabouts
from probes.steps.resolve import Question, put
from probes.steps.resolver import parse_resolver

PATIENCE = 2.0
"""Seconds for one answer; a server that is slower is taken as silent."""
TEXT = 600
"""Characters of what was said that are kept."""
DETAILS = {
    Whereabouts.REMOVED: "every national resolver denies it, siblings are fine, and it exists elsewhere",
    Whereabouts.FILTERED: "a national resolver denies it or lies, and it exists",
    Whereabouts.GONE: "nobody knows it",
    Whereabouts.UNCLEAR: "denied, and too few answered to say why",
}


async def permit_each(run: Run, servers: Iterable[str]) -> None:
    """Take a token for every question before the first: a run is made whole or not at all. Raises Skipped."""
    for text in servers:
        await run.permit(f"dns:{parse_resolver(text).address}")


async def ask_each(run: Run, host: str, kind: str, servers: tuple[str, ...]) -> list[Kind | None]:
    """What each server says of a name: None is a good answer. Fact: extra.registry_says."""
    said = [await _ask(run, Question(host, kind), server) for server in servers]
    words = " ".join(f"{server}={it or 'ok'}" for server, it in zip(servers, said, strict=True))
    before = run.seen.get("extra", {}).get("registry_says", "")
    run.note(extra={"registry_says": f"{before} {host}/{kind}: {words};".strip()[:TEXT]})
    return said


async def _ask(run: Run, question: Question, server: str) -> Kind | None:
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await put(run, parse_resolver(server), question)
        if question.kind == "NS" and answer.rcode == "NOERROR" and "aa" not in answer.flags and answer.authority:
            return None  # a referral: the delegation stands in the authority section (RFC 1034 section 4.3.2)
        usable(run, answer, question.kind)
    except (OSError, EOFError) as fault:
        return classify(fault)[0]
    return None


def conclude(run: Run, national: Said, siblings: Said, neutral: Said, parents: Said) -> None:
    """Raises Fault where the name is not known to all. Fact: extra.registry."""
    verdict = whereabouts(national, siblings, neutral, parents)
    run.note(extra={"registry": str(verdict)})
    if verdict is not Whereabouts.KNOWN:
        denied = next((kind for kind in national if kind is not None), Kind.TIMEOUT)
        raise Fault(Kind.DNS_NXDOMAIN if Kind.DNS_NXDOMAIN in national else denied, DETAILS[verdict])


def forget_answers(run: Run) -> None:
    """Answers of several servers to several questions, side by side, would look like one that was forged."""
    run.note(answers=())
