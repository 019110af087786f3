"""Transfers that pass, freeze, are held back or broken off, each called what it is."""

from typing import Any

import pytest
from pydantic import ValidationError

from probes.clock import SystemClock
from probes.plugin import PROBES
from probes.record import Kind, Phase, Record
from probes.run import World, perform
from tests.lab.certificates import lab_trusts
from tests.lab.runs import attempt, direct, measure, outcome, plugin
from tests.lab.servers import Server, answering, secured, serve
from tests.lab.transfer_servers import broken_after, policed, taking, whole


async def carried(server: Server, timeout: float = 5.0, **options) -> Record:
    async with serve(server) as port:
        scheme = "https" if server.certificate else "http"
        return await measure("transfer", f"{scheme}://127.0.0.1:{port}/object", timeout=timeout, **options)


@pytest.mark.parametrize("server", [whole(), secured(whole())], ids=["plain", "tls"])
async def test_a_whole_transfer(server: Server) -> None:
    record = await carried(server)
    assert outcome(record) is None
    assert record.facts.extra["transfer"] == "complete"
    assert int(record.facts.extra["transfer_bytes"]) > 262_144
    assert record.facts.status == 206


async def test_no_more_than_asked_for_is_read_of_a_server_that_knows_no_ranges() -> None:
    record = await carried(
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + bytes(20_000), "stay"), size=4_096
    )
    assert outcome(record) is None


async def test_a_freeze_after_16_kb() -> None:
    record = await carried(broken_after(16_384, "stay"), timeout=2.6)
    assert outcome(record) == (Phase.HTTP, Kind.TIMEOUT)
    assert record.facts.extra["transfer"] == "freeze"
    assert 16_384 <= int(record.facts.extra["transfer_bytes"]) < 17_000
    assert float(record.facts.extra["transfer_silence"]) > 2.0


@pytest.mark.parametrize(("how", "kind"), [("reset", Kind.RESET), ("end", Kind.EOF)])
async def test_a_cut(how: str, kind: Kind) -> None:
    record = await carried(broken_after(16_384, how))
    assert outcome(record) == (Phase.HTTP, kind)
    assert record.facts.extra["transfer"] == "cut"


async def test_a_policer_is_no_failure_and_a_fact() -> None:
    record = await carried(policed(32_000, 24_000, 65_536))
    assert outcome(record) is None
    assert record.facts.extra["transfer"] == "policed"
    assert 16_000 < float(record.facts.extra["transfer_rate"]) < 40_000
    assert 2 < len(record.facts.extra["transfer_curve"].split()) <= 24


async def test_an_upload_to_an_own_server() -> None:
    record = await carried(taking, up=True, size=4_096)
    assert outcome(record) is None
    assert record.facts.status == 204
    assert int(record.facts.extra["transfer_bytes"]) > 4_096


async def test_nobody_else_is_sent_an_upload() -> None:
    world = World(SystemClock(), owned=lambda _address: False, trust=lab_trusts())
    tried = attempt("transfer", "http://192.0.2.1/", up=True)
    record = await perform(plugin("transfer"), tried, direct(), world)
    assert outcome(record) == (Phase.HTTP, Kind.LOCAL)
    assert "[[limits]]" in record.failure.detail


@pytest.mark.parametrize("changes", [{"size": 262_145}, {"size": 0}, {"target": "ftp://example.org/"}])
def test_options_that_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PROBES.get("transfer").options(**{"target": "https://example.org/", **changes})


def test_the_same_with_little_to_carry_is_what_a_diagnosis_compares_with() -> None:
    kind: Any = plugin("transfer").options
    whole_, little = kind(target="http://x.example/o"), kind(target="http://x.example/o", size=4_096)
    assert (whole_.smaller(), little.smaller()) == (little, None)
