"""Through an HTTP proxy: whose fault a status is, however its head arrives, and not one byte of the target's lost."""

from functools import partial

import pytest
from pydantic import ValidationError

from probes.record import Kind
from probes.vantages.http_proxy import LARGEST, HttpProxy
from tests.lab import proxied
from tests.lab.dns_servers import answer, lying_resolver
from tests.lab.proxied import HEARD, LOCAL, PROXY, TARGET, ask_by, listen
from tests.lab.proxies import HonestConnect, bytewise, connect_liar, fin, rst, silent, socks_liar, status
from tests.lab.runs import SILENCE, SLOW, detail, measure, outcome
from tests.lab.servers import accepting, black_hole, closed_port, serve

GOOD = b"HTTP/1.1 200 Connection established\r\nVia: lab\r\n\r\n"
through, meet = partial(proxied.through, "http_proxy"), partial(proxied.meet, "http_proxy")


async def test_good() -> None:
    proxy = HonestConnect()
    async with serve(accepting) as target, serve(proxy.server) as port:
        record = await measure("tcp", f"127.0.0.1:{target}", through(port))
    assert outcome(record) is None
    assert [timing.phase for timing in record.timings] == [PROXY, PROXY]
    place = f"127.0.0.1:{target}"
    assert proxy.heads == [f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode()]


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytewise"])
async def test_ipv6_and_login_and_split_replies(split: bool) -> None:
    proxy = HonestConnect(login=("r", "hush:hush"), split=split)
    async with serve(accepting, "::1") as target, serve(proxy.server) as port:
        vantage = through(port, user="r", password="hush:hush")
        record = await measure("tcp", f"[::1]:{target}", vantage, family="ipv6")
    assert outcome(record) is None
    assert proxy.asked == [("::1", target)]


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("502 Bad Gateway", Kind.HTTP_FAILED, "says 502 Bad Gateway"),
        ("503 Service Unavailable", Kind.HTTP_FAILED, "says 503 Service Unavailable"),
        ("504 Gateway Timeout", Kind.TIMEOUT, "says 504 Gateway Timeout"),
        ("407 Proxy Authentication Required", Kind.LOCAL, "asks for a login: set user and password: 407"),
        ("403 Forbidden", Kind.LOCAL, "refuses: 403 Forbidden"),
        ("405", Kind.LOCAL, "refuses: 405"),
        ("500 Oops", Kind.LOCAL, "refuses: 500 Oops"),
        ("302 Found", Kind.LOCAL, "refuses: 302 Found"),
        ("403 \x1b[31mred\x07", Kind.LOCAL, "refuses: 403 [31mred"),
        ("403 " + "a" * 500, Kind.LOCAL, "refuses: 403 " + "a" * 80),
    ],
)
async def test_statuses(line: str, kind: Kind, said: str) -> None:
    record = await meet(status(line))
    assert outcome(record) == (PROXY, kind)
    assert detail(record).endswith(said) or f"{said} Proxy" in detail(record)
    assert "proxy 127.0.0.1:" in detail(record)
    told = {"proxy_status": line[:3]} if kind is not Kind.LOCAL else {}
    assert record.facts.extra == told
    assert record.facts.status is None, "that would be the target's"


async def test_a_login_that_is_refused_is_our_own_fault_and_not_shown() -> None:
    proxy = HonestConnect(login=("r", "other"))
    async with serve(proxy.server) as port:
        record = await measure("tcp", TARGET, through(port, user="r", password="hush"))
    assert outcome(record) == LOCAL
    assert "wants another login: 407" in detail(record)
    assert "hush" not in repr(record)
    assert "hush" not in repr(through(port, user="r", password="hush").options)


@pytest.mark.parametrize(
    "steps",
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", silent),
        (b"\x05\xff", silent),
        (b"HTTP/2 200\r\n\r\n", silent),
        (b"HTTP/1.1 abc\r\n\r\n", silent),
        (b"HTTP/1.1 200 OK\r\n" + b"x-a: " + b"a" * LARGEST, silent),
    ],
    ids=["ssh", "socks", "version", "status", "endless"],
)
async def test_what_is_no_http_is_our_own_fault(steps: tuple) -> None:
    record = await meet(connect_liar(*steps))
    assert outcome(record) == LOCAL
    assert detail(record).endswith("speaks no HTTP")


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((silent,), Kind.TIMEOUT),
        ((b"HTTP/1.1 200 OK\r\n", silent), Kind.TIMEOUT),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", silent), Kind.TIMEOUT),
        ((fin,), Kind.EOF),
        ((b"HTTP/1.1 200", fin), Kind.EOF),
        ((rst,), Kind.RESET),
    ],
)
async def test_what_follows_our_request_may_be_the_targets(steps: tuple, kind: Kind) -> None:
    timeout = SILENCE if kind is Kind.TIMEOUT else SLOW
    assert outcome(await meet(connect_liar(*steps), timeout=timeout)) == (PROXY, kind)


async def test_a_proxy_that_is_down_is_our_own_fault() -> None:
    record = await measure("tcp", TARGET, through(closed_port()))
    assert outcome(record) == LOCAL
    assert detail(record).endswith(": connection_refused")
    with black_hole() as port:
        record = await measure("tcp", TARGET, through(port), timeout=SILENCE)
    assert outcome(record) == LOCAL


@pytest.mark.parametrize(
    "steps",
    [
        (GOOD + HEARD,),
        bytewise(GOOD + HEARD),
        (b"HTTP/1.0 200\r\n\r\n" + HEARD,),
        (b"HTTP/1.1 200 OK\n\n" + HEARD,),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n" + HEARD,),
        (b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\n\r\n" + HEARD,),
        (b"HTTP/1.1 299 Odd\r\nA: b\r\n\r", b"\n" + HEARD),
    ],
    ids=["glued", "bytewise", "short", "bare", "mixed", "interim", "torn"],
)
async def test_what_is_glued_to_the_reply_is_the_targets(steps: tuple) -> None:
    async with serve(connect_liar(*steps, silent)) as port:
        record = await listen(through(port))
    assert outcome(record) is None, record
    assert record.facts.extra == {"heard": HEARD.decode()}


async def test_a_name_is_looked_up_there() -> None:
    proxy = HonestConnect(names={"target.lab": "127.0.0.1"})
    async with lying_resolver(answer("127.0.0.1")) as resolver, serve(accepting) as target, serve(proxy.server) as port:
        record = await ask_by(through(port, remote_names=True), f"target.lab:{target}", resolver, "any")
        assert outcome(record) is None
        assert not resolver.asked
    assert proxy.asked == [("target.lab", target)]


async def test_a_name_looked_up_here_is_asked_through_the_proxy() -> None:
    proxy = HonestConnect()
    async with lying_resolver(answer("127.0.0.1")) as resolver, serve(accepting) as target, serve(proxy.server) as port:
        record = await ask_by(through(port), f"target.lab:{target}", f"tcp://{resolver}")
    assert outcome(record) is None, record
    assert proxy.asked == [("127.0.0.1", resolver.port), ("127.0.0.1", target)]


async def test_a_resolver_that_the_proxy_cannot_reach_is_no_denial_of_the_name() -> None:
    proxy = HonestConnect()
    async with serve(proxy.server) as port:
        record = await ask_by(through(port), "target.lab:443", f"tcp://127.0.0.1:{closed_port()}")
    assert outcome(record) == (PROXY, Kind.HTTP_FAILED)


async def test_a_proxy_that_is_down_is_our_own_fault_for_a_question_too() -> None:
    record = await ask_by(through(closed_port()), "target.lab:443", "tcp://192.0.2.53")
    assert outcome(record) == LOCAL
    assert detail(record).endswith(": connection_refused")


async def test_socks_is_not_taken_for_http() -> None:
    record = await meet(socks_liar(b"\x05\x00", silent))
    assert outcome(record) == LOCAL


def test_options_that_are_wrong() -> None:
    with pytest.raises(ValidationError, match="must not hold a colon"):
        HttpProxy(address="192.0.2.7:3128", user="a:b")
    with pytest.raises(ValidationError, match="udp"):
        HttpProxy.model_validate({"address": "192.0.2.7:3128", "udp": True})


def test_it_carries_no_datagrams() -> None:
    assert through(9).carries == {"tcp"}
    assert through(9, remote_names=True).carries == {"tcp", "remote_names"}
