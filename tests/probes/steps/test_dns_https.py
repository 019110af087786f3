"""A question over HTTPS: what is posted, what counts as an answer, and what a box in between gives instead."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise

import dns.message
import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.failure import Fault
from probes.record import Kind, Phase, Record
from probes.steps.dns_https import Response
from tests.lab import dns_servers as lab
from tests.lab.certificates import chain_hash
from tests.lab.dns_runs import TRUE, OnlyTcp, ask, failed, timeless
from tests.lab.dns_servers import closed_port
from tests.lab.dns_tls_servers import MEDIA, NAME, https_at, over_https, raw_https, tls_world
from tests.lab.runs import SILENCE
from tests.lab.servers import Server, page_instead_of_hello, reset_after_hello, serve, silent_after_hello


async def ask_https(server: Server, name: str = NAME, path: str = "/dns-query", **changes) -> Record:
    """One run that resolves over HTTPS."""
    async with serve(server) as port:
        return await ask(https_at(port, name, path), world=tls_world(), **changes)


@pytest.mark.parametrize("name", ["", NAME], ids=["by its address", "by its name"])
async def test_a_resolver_that_can_prove_who_it_is_is_believed(name: str) -> None:
    record = await ask_https(over_https(lab.answer(TRUE)), name, vantage=OnlyTcp())
    assert record.failure is None
    assert [timing.phase for timing in record.timings] == [Phase.DNS]
    assert record.facts.address == TRUE
    [answer] = timeless(record.facts.answers)
    assert (answer.transport, answer.addresses) == ("https", (TRUE,))
    assert (record.facts.status, record.facts.chain, record.facts.first_byte) == (None, None, None)


async def test_what_is_posted() -> None:
    requests: list[tuple[str, Mapping[str, str], bytes]] = []
    async with serve(over_https(lab.answer(TRUE), requests=requests)) as port:
        await ask(https_at(port, NAME, "/other?a=b"), world=tls_world())
        await ask(https_at(port), world=tls_world())
    (line, headers, body), (second, plain, _) = requests
    assert (line, second) == ("POST /other?a=b HTTP/1.1", "POST /dns-query HTTP/1.1")
    assert (headers["content-type"], headers["accept"]) == (MEDIA, MEDIA)
    assert (headers["host"], plain["host"]) == (f"{NAME}:{port}", f"127.0.0.1:{port}")
    assert "user-agent" not in headers
    message = dns.message.from_wire(body)
    assert (message.id, str(message.question[0])) == (0, "web.whatsapp.com. IN A")


STATUSES = ["403 Forbidden", "451 Unavailable", "302 Found", "500 Oops", "204 No Content"]


@pytest.mark.parametrize("status", STATUSES)
async def test_a_status_other_than_200_is_a_failure_of_the_dns_phase(status: str) -> None:
    record = await ask_https(over_https(lab.answer(TRUE), status=status))
    assert (failed(record), record.facts.status) == (Kind.HTTP_STATUS, int(status[:3]))
    assert record.facts.answers == ()


async def test_a_page_with_status_200_is_no_answer() -> None:
    record = await ask_https(over_https(lab.answer(TRUE), media="text/html; charset=utf-8"))
    assert (failed(record), record.facts.status) == (Kind.DNS_MISBEHAVING, 200)
    assert record.failure
    assert record.failure.detail.startswith("text/html over https")


async def test_the_type_may_have_parameters_and_capitals() -> None:
    record = await ask_https(over_https(lab.answer(TRUE), media="Application/DNS-Message; x=y"))
    assert record.failure is None


HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {MEDIA}\r\n".encode()
RESPONSES = {
    "no HTTP": (b"\x00\x01junk", Kind.HTTP_JUNK),
    "a broken head": (b"HTTP/1.1 two hundred\r\n\r\n", Kind.HTTP_JUNK),
    "an upgrade": (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", Kind.HTTP_JUNK),
    "endless": (HEAD + b"\r\n" + bytes(200_000), Kind.HTTP_JUNK),
    "closed before the head": (b"HTTP/1.1 200", Kind.EOF),
    "closed in the body": (HEAD + b"Content-Length: 100\r\n\r\nabc", Kind.EOF),
    "nothing": (b"", Kind.EOF),
    "an empty body": (HEAD + b"Content-Length: 0\r\n\r\n", Kind.DNS_WRONG_ID),
    "no type": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Kind.DNS_MISBEHAVING),
}


@pytest.mark.parametrize(("response", "kind"), RESPONSES.values(), ids=RESPONSES)
async def test_responses_that_are_none(response: bytes, kind: Kind) -> None:
    assert failed(await ask_https(raw_https(response))) is kind


REPLIES = {
    "nxdomain": (lab.nxdomain(), Kind.DNS_NXDOMAIN),
    "servfail": (lab.rcode("SERVFAIL"), Kind.DNS_SERVFAIL),
    "wrong id": (lab.with_wrong_id(lab.answer(TRUE)), Kind.DNS_WRONG_ID),
    "malformed": (lab.malformed(), Kind.DNS_MISBEHAVING),
    "bogon": (lab.answer("10.0.0.1"), Kind.DNS_BOGON),
    "silence": (lab.silence(), Kind.TIMEOUT),
}


@pytest.mark.parametrize(("lie", "kind"), REPLIES.values(), ids=REPLIES)
async def test_replies_over_https(lie: lab.Lie, kind: Kind) -> None:
    record = await ask_https(over_https(lie), timeout=SILENCE if kind is Kind.TIMEOUT else 5.0)
    assert failed(record) is kind


IN_THE_HELLO = {
    "reset": (reset_after_hello, Kind.RESET),
    "silence": (silent_after_hello, Kind.TIMEOUT),
    "a page": (page_instead_of_hello, Kind.TLS_JUNK),
    "another certificate": (over_https(lab.answer(TRUE), "wrong_host"), Kind.TLS_HOSTNAME),
}


@pytest.mark.parametrize(("server", "kind"), IN_THE_HELLO.values(), ids=IN_THE_HELLO)
async def test_a_hello_that_fails(server: Server, kind: Kind) -> None:
    record = await ask_https(server, timeout=SILENCE if kind is Kind.TIMEOUT else 5.0)
    assert failed(record) is kind
    assert record.facts.chain == (chain_hash("wrong_host") if kind is Kind.TLS_HOSTNAME else None)


async def test_a_resolver_that_is_down() -> None:
    record = await ask(f"https://{closed_port()}", world=tls_world())
    assert (failed(record), record.facts.refused_by) == (Kind.REFUSED, "rst")


class Said:
    """A stream on which these parts arrive."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)

    async def send(self, data: bytes) -> None:
        """Nobody listens."""

    async def receive(self) -> bytes:
        return self.parts.pop(0) if self.parts else b""


def asked() -> h11.Connection:
    """A client that has asked."""
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method="POST", target="/", headers=[("Host", "a"), ("Content-Length", "0")]))
    http.send(h11.EndOfMessage())
    return http


@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=6), st.booleans())
async def test_a_body_is_whole_however_it_is_cut_up(body: bytes, cuts: list[int], early: bool) -> None:
    data = (b"HTTP/1.1 103 Early Hints\r\n\r\n" if early else b"") + HEAD + b"Connection: close\r\n\r\n" + body
    edges = [5, *sorted({cut for cut in cuts if 5 < cut < len(data)}), len(data)]
    parts = [data[:5], *(data[begin:end] for begin, end in pairwise(edges))]
    assert await Response(Said(*filter(None, parts)), asked()).body() == body


@given(st.binary(max_size=200))
async def test_no_bytes_break_the_reader(data: bytes) -> None:
    for response in (data, HEAD + data, HEAD + b"\r\n" + data):
        body = None
        with suppress(Fault, EOFError):
            body = await Response(Said(response), asked()).body()
        assert body is None or response.endswith(body) or response.startswith(HEAD)
