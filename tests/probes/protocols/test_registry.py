"""A name at lying resolvers: removed, filtered, gone or known."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from probes.protocols.registry import Registry
from probes.record import Kind, Phase, Record
from probes.steps import registry as step
from tests.lab.dns_servers import Lie, answer, by_name, nxdomain, rcode, silence
from tests.lab.dns_servers import lying_resolver as serve
from tests.lab.runs import measure, outcome

GOOD, GONE = answer("157.240.205.62"), nxdomain()
REMOVES = by_name({"whatsapp.com": GONE}, GOOD)
DENIED = (Phase.DNS, Kind.DNS_NXDOMAIN)


async def at(national: list[Lie], neutral: Lie = GOOD, parent: Lie = GONE) -> Record:
    async with AsyncExitStack() as stack:
        asked = [str(await stack.enter_async_context(serve(lie))) for lie in national]
        abroad = f"tcp://{await stack.enter_async_context(serve(neutral))}"
        above = str(await stack.enter_async_context(serve(parent)))
        options: dict[str, Any] = {"national": tuple(asked), "neutral": (abroad,), "parents": (above,)}
        return await measure("registry", "whatsapp.com", siblings=("whatsapp.net",), **options)


async def test_a_name_that_every_national_resolver_denies_while_siblings_live_is_removed() -> None:
    record = await at([REMOVES, REMOVES])
    assert outcome(record) == DENIED
    assert record.facts.extra["registry"] == "removed"
    assert "whatsapp.net/A" in record.facts.extra["registry_says"]
    assert record.facts.answers == ()


async def test_one_resolver_alone_is_a_filter() -> None:
    record = await at([REMOVES, GOOD])
    assert outcome(record) == DENIED
    assert record.facts.extra["registry"] == "filtered"


async def test_a_name_that_nobody_knows_is_gone() -> None:
    record = await at([REMOVES, REMOVES], neutral=GONE)
    assert outcome(record) == DENIED
    assert record.facts.extra["registry"] == "gone"


async def test_a_name_that_all_know_is_well() -> None:
    record = await at([GOOD, GOOD], parent=rcode("REFUSED"))
    assert outcome(record) is None
    assert record.facts.extra["registry"] == "known"


async def test_silence_of_all_is_no_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "PATIENCE", 0.1)
    record = await at([silence(), silence()])
    assert outcome(record) == (Phase.DNS, Kind.TIMEOUT)
    assert record.facts.extra["registry"] == "unclear"


def test_every_question_is_a_contact() -> None:
    options = Registry(target="whatsapp.com", siblings=("whatsapp.net", "wa.me"))
    assert options.contacts().count("195.208.4.1") == 3
    assert len(options.contacts()) == 10
