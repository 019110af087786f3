"""What becomes of Telegram's first question: each lie has its own name."""

import pytest

from probes.record import Kind, Phase
from tests.lab.runs import check, detail
from tests.lab.servers import Server
from tests.lab.telegram_servers import another_nonce, closing, honest, refusing, resetting, saying, silent

BOTH = pytest.mark.parametrize("transport", ["obfuscated", "plain"])


@BOTH
@pytest.mark.parametrize(
    ("server", "kind"),
    [(silent, Kind.TIMEOUT), (closing, Kind.EOF), (resetting, Kind.RESET), (another_nonce, Kind.APP_JUNK)],
)
async def test_a_lie(server: Server, kind: Kind, transport: str) -> None:
    await check(server, (Phase.APP, kind), options={"transport": transport})


@pytest.mark.parametrize("code", [-404, -429])
@BOTH
async def test_an_error_of_the_transport(code: int, transport: str) -> None:
    options = {"transport": transport}
    record = await check(refusing(code), (Phase.APP, Kind.APP_JUNK), options=options, telegram_error=str(code))
    assert str(code) in detail(record)


async def test_a_page_instead_of_an_answer() -> None:
    await check(saying(b"HTTP/1.1 403 Forbidden\r\n\r\n"), (Phase.APP, Kind.APP_JUNK), options={"transport": "plain"})


async def test_bytes_are_counted_and_the_first_is_timed() -> None:
    record = await check(honest, bytes_out=64 + 44)
    assert record.facts.bytes_in
    assert record.facts.first_byte
