"""The telegram probe: connect, ask for the parts of a key, check the answer."""

import pytest
from pydantic import ValidationError

from probes.protocols.telegram import Telegram
from probes.record import Phase
from tests.lab.runs import check, plugin, within_last_phase
from tests.lab.telegram_servers import honest


def test_it_is_found_under_its_name() -> None:
    assert plugin("telegram").options is Telegram


def test_what_it_needs_and_costs() -> None:
    options = Telegram(target="[2001:67c:4e8:f002::a]:443")
    assert options.needs == {"tcp"}
    assert options.contacts() == ("2001:67c:4e8:f002::a",)
    assert 500 <= options.traffic <= 2_000
    assert options.transport == "obfuscated"


def test_a_transport_that_does_not_exist() -> None:
    with pytest.raises(ValidationError):
        Telegram.model_validate({"target": "149.154.167.51:443", "transport": "abridged"})


@pytest.mark.parametrize("transport", ["obfuscated", "plain"])
async def test_good(transport: str) -> None:
    record = await check(honest, options={"transport": transport}, telegram_keys="2")
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.APP]
    assert within_last_phase(record)
