"""Through a SOCKS5 proxy: whose fault a failure is, and not one byte of the target's lost."""

from functools import partial
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from probes.failure import Fault
from probes.record import Kind, Phase
from probes.vantages.socks5 import Socks5, destination, inside
from tests.lab import proxied
from tests.lab.dns_runs import TRUE, ask
from tests.lab.dns_servers import answer, lying_resolver
from tests.lab.dns_tls_servers import https_at, over_https, over_tls, tls_at, tls_world
from tests.lab.proxied import HEARD, LOCAL, PROXY, TARGET, ask_by, listen, ping, send, watched
from tests.lab.proxies import (
    GOOD,
    NOWHERE,
    HonestSocks,
    bytewise,
    fin,
    read_greeting,
    read_login,
    read_request,
    replying,
    rst,
    silent,
    socks_liar,
)
from tests.lab.runs import SILENCE, SLOW, detail, measure, outcome
from tests.lab.servers import (
    Server,
    accepting,
    answering,
    black_hole,
    closed_port,
    reset_after_hello,
    secured,
    serve,
)

WELCOME = (read_greeting, b"\x05\x00")
ASKED = (*WELCOME, read_request)
ADDRESSES = st.ip_addresses().map(str)
PORTS = st.integers(1, 65_535)
through, meet = partial(proxied.through, "socks5"), partial(proxied.meet, "socks5")
NAMES = st.from_regex(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,62}){0,2}", fullmatch=True).filter(lambda it: "." in it)


async def test_good() -> None:
    proxy = HonestSocks()
    async with serve(accepting) as target, serve(proxy.server) as port:
        record = await measure("tcp", f"127.0.0.1:{target}", through(port))
    assert outcome(record) is None
    assert [timing.phase for timing in record.timings] == [PROXY, PROXY]
    assert proxy.asked == [("127.0.0.1", target)]
    assert (record.facts.address, record.facts.tcp) == ("127.0.0.1", None), "the connection is to the proxy"


@pytest.mark.parametrize("split", [False, True], ids=["whole", "bytewise"])
async def test_ipv6_and_login_and_split_replies(split: bool) -> None:
    proxy = HonestSocks(login=("r", "hush"), split=split)
    async with serve(accepting, "::1") as target, serve(proxy.server) as port:
        record = await measure("tcp", f"[::1]:{target}", through(port, user="r", password="hush"), family="ipv6")
    assert outcome(record) is None
    assert proxy.asked == [("::1", target)]


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (1, Kind.LOCAL, "socks_server_failure"),
        (2, Kind.LOCAL, "socks_connection_not_allowed"),
        (3, Kind.SOCKS_NETWORK_UNREACHABLE, "says proxy"),
        (4, Kind.SOCKS_HOST_UNREACHABLE, "says proxy"),
        (5, Kind.SOCKS_REFUSED, "says proxy"),
        (6, Kind.SOCKS_TTL_EXPIRED, "says proxy"),
        (7, Kind.LOCAL, "socks_command_not_supported"),
        (8, Kind.LOCAL, "socks_address_not_supported"),
        (91, Kind.LOCAL, "replies with code 91"),
    ],
)
async def test_codes(code: int, kind: Kind, said: str) -> None:
    record = await meet(replying(code))
    assert outcome(record) == (PROXY, kind)
    assert said in detail(record)
    assert "proxy 127.0.0.1:" in detail(record)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((silent,), "generic_timeout_error"),
        ((fin,), "eof_error"),
        ((read_greeting, silent), "generic_timeout_error"),
        ((read_greeting, rst), "connection_reset"),
        ((read_greeting, b"\x05\xff", fin), "asks for a login: set user and password"),
        ((read_greeting, b"\x05\x02", fin), "asks for a login: set user and password"),
        ((read_greeting, b"\x05", fin), "eof_error"),
        ((read_greeting, b"HTTP/1.1 400 Bad Request\r\n\r\n", fin), "speaks no SOCKS5"),
        ((*ASKED, b"\x04\x5a\0\0\0\0\0\0", fin), "speaks no SOCKS5"),
        ((*ASKED, b"\x05\0\0\x09", fin), "replies with an address of type 9"),
    ],
)
async def test_faults_of_the_proxy_are_our_own(steps: tuple, said: str) -> None:
    timeout = SILENCE if silent in steps else SLOW
    record = await meet(socks_liar(*steps), timeout=timeout)
    assert outcome(record) == LOCAL, record
    assert detail(record).startswith("proxy 127.0.0.1:")
    assert said in detail(record)


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((*ASKED, silent), Kind.TIMEOUT),
        ((*ASKED, b"\x05\x00", silent), Kind.TIMEOUT),
        ((*ASKED, fin), Kind.EOF),
        ((*ASKED, rst), Kind.RESET),
        ((*ASKED, GOOD[:7], fin), Kind.EOF),
    ],
)
async def test_what_follows_our_request_may_be_the_targets(steps: tuple, kind: Kind) -> None:
    timeout = SILENCE if kind is Kind.TIMEOUT else SLOW
    assert outcome(await meet(socks_liar(*steps), timeout=timeout)) == (PROXY, kind)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((read_greeting, b"\x05\x02", read_login, b"\x01\x01", fin), "refuses the login"),
        ((read_greeting, b"\x05\x02", read_login, fin), "eof_error"),
        ((read_greeting, b"\x05\x02", read_login, silent), "generic_timeout_error"),
        ((read_greeting, b"\x05\xff", fin), "takes none of our logins"),
    ],
)
async def test_login_faults_are_our_own_and_show_no_password(steps: tuple, said: str) -> None:
    timeout = SILENCE if silent in steps else SLOW
    record = await meet(socks_liar(*steps), user="r", password="hush", timeout=timeout)
    assert outcome(record) == LOCAL
    assert said in detail(record)
    assert "hush" not in repr(record)


async def test_a_proxy_that_is_down_is_our_own_fault() -> None:
    record = await measure("tcp", TARGET, through(closed_port()))
    assert outcome(record) == LOCAL
    assert detail(record).endswith(": connection_refused")
    assert record.facts.refused_by is None, "that would be read as the target's"


async def test_a_proxy_that_does_not_answer_is_our_own_fault() -> None:
    with black_hole() as port:
        record = await measure("tcp", TARGET, through(port), timeout=SILENCE)
    assert outcome(record) == LOCAL
    assert detail(record) == f"proxy 127.0.0.1:{port}: generic_timeout_error"


@pytest.mark.parametrize(
    "glued",
    [
        (b"\x05\0\0" + NOWHERE + HEARD,),
        bytewise(b"\x05\0\0" + NOWHERE + HEARD),
        (b"\x05\0\0\x03\x09localhost\0\x50" + HEARD,),
        (b"\x05\0\0\x04" + bytes(18) + HEARD,),
    ],
    ids=["ipv4", "bytewise", "name", "ipv6"],
)
async def test_what_is_glued_to_the_reply_is_the_targets(glued: tuple) -> None:
    async with serve(socks_liar(*ASKED, *glued, silent)) as port:
        record = await listen(through(port))
    assert outcome(record) is None, record
    assert record.facts.extra == {"heard": HEARD.decode()}


async def test_a_name_is_looked_up_there() -> None:
    """And nobody is asked here: the attempt's resolver is a port on which nobody listens."""
    proxy = HonestSocks(names={"target.lab": "127.0.0.1"})
    async with lying_resolver(answer("127.0.0.1")) as resolver, serve(accepting) as target, serve(proxy.server) as port:
        record = await ask_by(through(port, remote_names=True), f"target.lab:{target}", resolver, "any")
        assert outcome(record) is None
        assert not resolver.asked
    assert proxy.asked == [("target.lab", target)]
    assert (record.facts.address, record.facts.addresses, record.facts.resolver) == ("target.lab", (), None)


async def test_what_comes_after_the_proxy_is_as_ever() -> None:
    """TLS and HTTP by a name that only the proxy can look up."""
    proxy = HonestSocks(names={"localhost": "127.0.0.1"})
    page = secured(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    async with serve(page) as target, serve(proxy.server) as port:
        vantage = through(port, remote_names=True)
        record = await measure("http", f"https://localhost:{target}/", vantage, family="any")
    assert outcome(record) is None, record
    assert record.facts.status == 200
    assert [timing.phase for timing in record.timings] == [PROXY, PROXY, Phase.TLS, Phase.HTTP]
    async with serve(reset_after_hello) as target, serve(proxy.server) as port:
        record = await measure("tls", f"localhost:{target}", through(port, remote_names=True), family="any")
    assert outcome(record) in {(Phase.TLS, Kind.RESET), (Phase.TLS, Kind.EOF)}, "a proxy may make a FIN of a reset"


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
async def test_a_name_looked_up_here_is_asked_through_the_proxy(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing goes anywhere else: every socket of the run is connected to the proxy or its relay."""
    proxy = HonestSocks()
    async with lying_resolver(answer("127.0.0.1")) as resolver, serve(accepting) as target, serve(proxy.server) as port:
        vantage = through(port, udp=True)
        contacted = watched(vantage, monkeypatch)
        record = await ask_by(vantage, f"target.lab:{target}", f"{scheme}://{resolver}")
    assert outcome(record) is None, record
    assert contacted == {("127.0.0.1", port), *proxy.relays}
    where = ("127.0.0.1", resolver.port)
    assert proxy.asked == ([where] if scheme == "tcp" else []) + [("127.0.0.1", target)]
    assert [it[:2] for it in proxy.relayed] == ([where] if scheme == "udp" else [])
    assert len(resolver.asked) == 1


@pytest.mark.parametrize(("over", "at"), [(over_tls, tls_at), (over_https, https_at)], ids=["tls", "https"])
async def test_so_is_a_resolver_behind_tls(over, at) -> None:
    proxy = HonestSocks()
    async with serve(over(answer(TRUE))) as resolver, serve(proxy.server) as port:
        record = await ask(at(resolver), vantage=through(port), world=tls_world())
    assert (outcome(record), record.facts.address) == (None, TRUE)
    assert proxy.asked == [("127.0.0.1", resolver)]


async def test_the_machines_own_resolver_is_never_asked() -> None:
    record = await measure("tcp", "target.lab:443", through(closed_port()))
    assert outcome(record) == (Phase.DNS, Kind.LOCAL)
    assert "cannot ask the machine's own resolver" in detail(record)


# ---- datagrams -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("says_where", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_datagrams(host: str, says_where: bool) -> None:
    proxy = HonestSocks(login=("r", "hush"), says_where=says_where)
    record = await ping(proxy.server, host, host, user="r", password="hush")
    assert (outcome(record), record.facts.extra) == (None, {"heard": "gnip"})
    assert [(it[0], it[2]) for it in proxy.relayed] == [(host, b"ping")]


async def test_datagrams_to_a_name() -> None:
    proxy = HonestSocks(names={"echo.lab": "127.0.0.1"})
    record = await ping(proxy.server, "127.0.0.1", "echo.lab", remote_names=True)
    assert (outcome(record), record.facts.extra) == (None, {"heard": "gnip"})
    assert proxy.relayed[0][0] == "echo.lab"


async def test_what_is_not_from_the_destination_is_passed_over() -> None:
    def lies(good: bytes) -> list[bytes]:
        other = good[:4] + bytes([good[4] ^ 1]) + good[5:]
        return [b"", b"\0\0", good[:6], good[:2] + b"\1" + good[3:], other, b"\0\0\0\x07" + good[4:], good]

    record = await ping(HonestSocks(odd=lies).server, "127.0.0.1", "127.0.0.1")
    assert (outcome(record), record.facts.extra) == (None, {"heard": "gnip"})


@pytest.mark.parametrize(
    ("liar", "kind", "said"),
    [
        (replying(7), Kind.LOCAL, "socks_command_not_supported"),
        (socks_liar(read_greeting, fin), Kind.LOCAL, "eof_error"),
        (socks_liar(*ASKED, fin), Kind.LOCAL, "eof_error"),
    ],
)
async def test_a_relay_that_is_not_given_is_our_own_fault(liar: Server, kind: Kind, said: str) -> None:
    record = await ping(liar, "127.0.0.1", "192.0.2.1")
    assert outcome(record) == (PROXY, kind)
    assert said in detail(record)


async def test_a_relay_that_is_gone_is_our_own_fault() -> None:
    """It says where it is, and there nobody listens: the ICMP message that comes is no word of the destination."""
    relay = b"\x05\0\0\x01\x7f\0\0\x01" + closed_port().to_bytes(2, "big")
    record = await ping(socks_liar(*ASKED, relay, silent), "127.0.0.1", "192.0.2.1")
    assert outcome(record) == (Phase.APP, Kind.LOCAL)
    assert "connection_refused" in detail(record)
    assert record.facts.refused_by is None


async def test_without_udp_there_is_no_way() -> None:
    record = await send(through(9), "192.0.2.1", 443)
    assert outcome(record) == LOCAL
    assert "relays no datagrams" in detail(record)


# ---- messages --------------------------------------------------------------------------------------------------------


@given(ADDRESSES | NAMES, PORTS, st.binary())
def test_what_is_wrapped_for_a_destination_is_unwrapped_from_it(address: str, port: int, data: bytes) -> None:
    assert inside(b"\0\0\0" + destination(address, port) + data, address, port) == data


@given(st.ip_addresses(v=6, network="2001:db8::/32") | st.ip_addresses(v=4), st.ip_addresses(v=4), PORTS)
def test_another_address_is_not_the_destination(one: IPv4Address | IPv6Address, other: IPv4Address, port: int) -> None:
    if one != other:
        assert inside(b"\0\0\0" + destination(str(one), port) + b"x", str(other), port) is None


@given(st.binary(max_size=300), ADDRESSES | NAMES, PORTS)
def test_no_datagram_breaks_it(data: bytes, address: str, port: int) -> None:
    assert inside(data, address, port) is None or len(data) > 6


def test_an_ipv4_address_in_ipv6_clothes_is_the_same() -> None:
    assert inside(b"\0\0\0" + destination("::ffff:192.0.2.1", 9) + b"x", "192.0.2.1", 9) == b"x"


def test_a_name_that_does_not_fit() -> None:
    with pytest.raises(Fault, match="256 bytes does not fit into SOCKS"):
        destination("a" * 256, 443)


# ---- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Field required"),
        ({"address": "proxy.example:1080"}, "proxy.example is a name: write the proxy's address in figures"),
        ({"address": "192.0.2.7"}, "has no port"),
        ({"address": "192.0.2.7:1080", "password": "hush"}, "a password needs a user beside it"),
        ({"address": "192.0.2.7:1080", "user": ""}, "a user has 1 to 255 bytes"),
        ({"address": "192.0.2.7:1080", "user": "r", "password": "h" * 256}, "a password has 1 to 255 bytes"),
        ({"address": "192.0.2.7:1080", "families": []}, "at least 1 item"),
    ],
)
def test_options_that_are_wrong(options: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Socks5(**options)


def test_what_it_carries_follows_from_its_options() -> None:
    assert through(9).carries == {"tcp"}
    assert through(9, udp=True).carries == {"tcp", "udp"}
    assert through(9, remote_names=True).carries == {"tcp", "remote_names"}
    assert through(9, remote_names=True).families() == {"ipv4", "any"}
