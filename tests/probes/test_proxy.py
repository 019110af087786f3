"""What all proxies share."""

import asyncio
import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from probes.proxy import Proxied, ProxyOptions, blame, exactly, proxy_at, say
from probes.record import Phase
from probes.run import Attempt, Run
from tests.lab.runs import attempt, direct, world

AT = "192.0.2.7:1080"


def test_an_address_is_written_one_way() -> None:
    assert ProxyOptions(address="[2001:DB8:0::1]:1080").address == "[2001:db8::1]:1080"
    assert ProxyOptions(address=AT).place == ("192.0.2.7", 1080)


def test_a_proxy_in_a_detail() -> None:
    assert proxy_at(("192.0.2.7", 1080)) == "proxy 192.0.2.7:1080"
    assert proxy_at(("2001:db8::1", 80)) == "proxy [2001:db8::1]:80"


@given(st.text(min_size=1, max_size=60).map(str.strip).filter(bool))
def test_a_password_shows_nowhere(password: str) -> None:
    options = ProxyOptions(address=AT, user="r", password=SecretStr(password))
    assert options.secret == password
    fixed = ProxyOptions(address=AT, user="r", password=SecretStr("another one"))
    for shown in (repr, str, ProxyOptions.model_dump_json):
        assert shown(options) == shown(fixed), "what is shown does not depend on it"
    assert options != fixed, "a changed password is a changed vantage"


def test_a_fault_shows_no_password() -> None:
    with pytest.raises(ValidationError) as fault:
        ProxyOptions(address=AT, password=SecretStr("hush"))
    assert "hush" not in str(fault.value)


def test_where_it_goes_and_what_it_reaches() -> None:
    vantage = Proxied(ProxyOptions(address=AT, families=("ipv6",)))
    assert vantage.route("2001:db8::9", 443) == ("192.0.2.7", 1080)
    assert vantage.families() == {"ipv6"}
    assert Proxied(ProxyOptions(address=AT, remote_names=True)).families() == {"any", "ipv4"}


def test_no_datagram_leaves_beside_the_proxy() -> None:
    with pytest.raises(OSError, match=f"Errno {errno.EOPNOTSUPP}]"):
        Proxied(ProxyOptions(address=AT)).open(socket.AF_INET, socket.SOCK_DGRAM)


def test_blame_is_put_on_a_phase_if_there_is_one() -> None:
    told: Attempt = attempt("tcp", "127.0.0.1:9")
    scope = Run(told, direct(), world()).phase(Phase.PROXY)
    blame(scope, "proxy")
    assert scope.ours == "proxy"
    blame(scope, "")
    assert scope.ours == ""
    blame(None, "proxy")


async def test_exactly_reads_no_further() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        await say(far, b"abc")
        assert await exactly(near, 2) == b"ab"
        reading = asyncio.ensure_future(exactly(near, 3))
        await say(far, b"defg")
        assert await reading == b"cde"
        far.close()
        with pytest.raises(EOFError, match="closed after 2 of 3 bytes"):
            await exactly(near, 3)
