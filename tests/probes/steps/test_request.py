"""How an HTTP server answers, or breaks off, in plain and over TLS."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.record import Kind, Phase, content_hash
from probes.steps.request import BODY, TEXT, USER_AGENT, request
from tests.lab.runs import check, detail, measure, outcome, target_of, within_last_phase
from tests.lab.scripted import Scripted, run_step
from tests.lab.servers import Conn, Server, answering, secured, serve

HTTP = Phase.HTTP
OK = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 5\r\n\r\nhello"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 400


def status(line: str, *headers: str) -> Server:
    """A server that answers with a status and no body."""
    return answering("\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "", ""]).encode())


# ---- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda server: server, secured], ids=["http", "https"])
async def test_good(wrap) -> None:
    record = await check(wrap(answering(OK)), status=200, server="nginx", body=content_hash(b"hello"), location=None)
    assert record.timings[-1].phase is HTTP
    assert within_last_phase(record)


async def test_redirect_is_a_fact_and_not_followed() -> None:
    server = status("302 Found", "Location: http://warning.example/")
    await check(server, status=302, location="http://warning.example/")


@pytest.mark.parametrize("line", ["204 No Content", "400 Bad Request", "404 Not Found", "418 Teapot"])
async def test_other_statuses_are_fine(line: str) -> None:
    await check(status(line), status=int(line[:3]))


@pytest.mark.parametrize("line", ["451 Unavailable For Legal Reasons", "500 Oh", "503 Service Unavailable"])
async def test_statuses_that_are_failures(line: str) -> None:
    record = await check(status(line), (HTTP, Kind.HTTP_STATUS), status=int(line[:3]))
    assert detail(record) == line[:3]


async def test_expected_status_is_no_failure() -> None:
    await check(status("503 Service Unavailable"), options={"expect": (200, 503)}, status=503)


async def test_only_expected_statuses_are_fine() -> None:
    await check(status("404 Not Found"), (HTTP, Kind.HTTP_STATUS), options={"expect": (200,)}, status=404)


async def test_interim_answers_are_passed_over() -> None:
    await check(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK), status=200)


async def test_chunked_body() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    await check(answering(chunked, then="stay"), body=content_hash(b"hello"))


async def test_body_that_ends_with_the_connection() -> None:
    await check(answering(b"HTTP/1.1 200 OK\r\n\r\nhello"), body=content_hash(b"hello"))


async def test_body_is_read_up_to_the_cap() -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n" + b"y" * (2 * BODY)
    record = await check(answering(page, then="stay"), body=content_hash(b"y" * BODY))
    assert BODY <= (record.facts.bytes_in or 0) <= 2 * BODY + 100


async def test_long_headers_are_cut() -> None:
    record = await check(status("302 Found", f"Location: http://a.example/{'z' * 1000}"))
    assert len(record.facts.location or "") == TEXT


async def test_what_is_asked() -> None:
    asked = []

    async def behave(conn: Conn) -> None:
        asked.append(await conn.read())
        await conn.send(OK)
        await conn.stay()

    listening = Server("listening", behave, "http")
    async with serve(listening) as port:
        record = await measure("http", target_of(listening, port, path="/a?b=c"))
    lines = asked[0].decode().split("\r\n")
    assert outcome(record) is None
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    assert {f"Host: 127.0.0.1:{port}", f"User-Agent: {USER_AGENT}", "Connection: close"} <= set(lines)
    assert record.facts.bytes_out == len(asked[0])


# ---- breaks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda server: server, secured], ids=["http", "https"])
@pytest.mark.parametrize(("then", "kind"), [("reset", Kind.RESET), ("end", Kind.EOF), ("stay", Kind.TIMEOUT)])
async def test_break_before_the_answer(wrap, then: str, kind: Kind) -> None:
    await check(wrap(answering(b"", then)), (HTTP, kind), status=None, body_bytes=None, first_byte=None)


@pytest.mark.parametrize("wrap", [lambda server: server, secured], ids=["http", "https"])
@pytest.mark.parametrize(("then", "kind"), [("reset", Kind.RESET), ("end", Kind.EOF), ("stay", Kind.TIMEOUT)])
async def test_break_in_the_body(wrap, then: str, kind: Kind) -> None:
    await check(wrap(answering(HALF, then)), (HTTP, kind), status=200, body_bytes="400", body=None)


@pytest.mark.parametrize(("then", "kind"), [("reset", Kind.RESET), ("end", Kind.EOF), ("stay", Kind.TIMEOUT)])
async def test_break_in_the_headers(then: str, kind: Kind) -> None:
    await check(answering(b"HTTP/1.1 200 OK\r\nServ", then), (HTTP, kind), status=None)


async def test_break_in_a_chunk() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhe"
    await check(answering(chunked), (HTTP, Kind.EOF), body_bytes="2")


@pytest.mark.parametrize(
    "junk",
    [
        b"+OK POP3 ready\r\n",
        b"SSH-2.0-OpenSSH_9.7",
        b"H",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    ],
)
@pytest.mark.parametrize("then", ["end", "stay"])
async def test_no_http(junk: bytes, then: str) -> None:
    kind = Kind.HTTP_JUNK if junk != b"H" else {"end": Kind.EOF, "stay": Kind.TIMEOUT}[then]
    await check(answering(junk, then), (HTTP, kind), status=None)


async def test_head_without_end_is_no_http() -> None:
    await check(answering(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: y\r\n" * 10_000), (HTTP, Kind.HTTP_JUNK))


# ---- whatever comes --------------------------------------------------------------------------------------------------


async def test_upgrade_that_nobody_asked_for() -> None:
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    await check(answering(upgrade, then="stay"), (HTTP, Kind.HTTP_JUNK), status=None)


async def test_interim_answers_without_end() -> None:
    await check(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40_000), (HTTP, Kind.HTTP_JUNK), status=None)


async def test_body_that_is_nearly_all_framing() -> None:
    page = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 200_000
    await check(answering(page, then="stay"), (HTTP, Kind.HTTP_JUNK), status=200)


PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 451 No\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=60), max_size=8))
def test_no_bytes_are_more_than_a_failure(chunks: list[bytes]) -> None:
    record = run_step(lambda run: request(run, Scripted(chunks), "example.org", "/"))
    if record.failure:
        assert record.failure.phase is HTTP
        assert record.failure.kind in {Kind.EOF, Kind.HTTP_JUNK, Kind.HTTP_STATUS}
    else:
        assert record.facts.status


@given(st.binary(max_size=400), st.data())
def test_how_the_network_cuts_an_answer_changes_nothing(body: bytes, data: st.DataObject) -> None:
    answer = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    chunks = [answer[begin:end] for begin, end in pairwise([0, *cuts, len(answer)])]
    record = run_step(lambda run: request(run, Scripted(chunks), "example.org", "/"))
    assert record.failure is None
    assert (record.facts.status, record.facts.body) == (200, content_hash(body))
