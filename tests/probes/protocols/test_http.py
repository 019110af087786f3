"""The http probe: URLs, and the way down from a name to an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from probes.protocols.http import Http
from probes.record import Kind, Phase
from probes.steps.url import Url, parse_url
from tests.lab.runs import check, measure, outcome, plugin
from tests.lab.servers import answering, black_hole, closed_port, fin_after_hello, secured, serve

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_it_is_found_under_its_name() -> None:
    assert plugin("http").options is Http


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("https://web.whatsapp.com", Url(True, "web.whatsapp.com", 443, "web.whatsapp.com", "/")),
        ("https://web.whatsapp.com/", Url(True, "web.whatsapp.com", 443, "web.whatsapp.com", "/")),
        ("http://EXAMPLE.org:8080/a?b=c", Url(False, "example.org", 8080, "example.org:8080", "/a?b=c")),
        ("https://example.org?b", Url(True, "example.org", 443, "example.org", "/?b")),
        ("https://[2001:db8::1]/", Url(True, "2001:db8::1", 443, "[2001:db8::1]", "/")),
        ("http://192.0.2.1:443/", Url(False, "192.0.2.1", 443, "192.0.2.1:443", "/")),
        (
            "https://пример.рф/путь",
            Url(True, "xn--e1afmkfd.xn--p1ai", 443, "xn--e1afmkfd.xn--p1ai", "/%D0%BF%D1%83%D1%82%D1%8C"),
        ),
        ("https://example.org/a%20b", Url(True, "example.org", 443, "example.org", "/a%20b")),
    ],
)
def test_urls(target: str, url: Url) -> None:
    options = Http(target=target)
    assert (options.url, options.contacts()) == (url, (url.host,))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("web.whatsapp.com", "is no URL"),
        ("ftp://example.org/", "is no URL"),
        ("https:///x", "is no URL"),
        ("https://user:word@example.org/", "a user name or password is not measured"),
        ("https://example.org/a b", "is no URL"),
        ("https://example.org/#part", "is no URL"),
        ("https://example.org:0/", "port must be 1 to 65535"),
        ("https://2001:db8::1/", "stands in brackets"),
        ("https://a..b/", "is no host name"),
    ],
)
def test_urls_that_are_wrong(target: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Http(target=target)


def test_a_password_is_not_shown() -> None:
    with pytest.raises(ValueError, match="user name or password") as wrong:
        parse_url("https://user:word@example.org/")
    assert "word@" not in str(wrong.value)


@given(st.text(max_size=60))
def test_no_text_is_more_than_a_value_error(text: str) -> None:
    """And what is taken for a path can be sent."""
    try:
        url = parse_url(f"https://example.org/{text}")
    except ValueError:
        return
    assert url.path.isascii()
    assert not set(url.path) & set(" \r\n\t")


@pytest.mark.parametrize("status", [99, 600])
def test_a_status_is_100_to_599(status: int) -> None:
    with pytest.raises(ValidationError, match=r"expect\.0"):
        Http(target="https://example.org/", expect=(status,))


def test_trust_is_asked_for_where_there_is_tls() -> None:
    assert Http(target="https://a.example/", trust="signal").trusts() == (("signal", ("http/1.1",)),)
    assert Http(target="http://a.example/").trusts() == ()


async def test_plain_has_no_tls_phase() -> None:
    record = await check(answering(OK), status=200, trust=None)
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.HTTP]


async def test_secured_has_one() -> None:
    record = await check(secured(answering(OK)), status=200, trust="lab", alpn="http/1.1")
    assert [timing.phase for timing in record.timings] == [Phase.TCP, Phase.TLS, Phase.HTTP]


async def test_a_name_adds_the_dns_phase() -> None:
    async with serve(answering(OK)) as port:
        record = await measure("http", f"http://localhost:{port}/")
    assert outcome(record) is None
    assert [timing.phase for timing in record.timings] == [Phase.DNS, Phase.TCP, Phase.HTTP]


async def test_a_redirect_is_not_followed() -> None:
    record = await check(answering(b"HTTP/1.1 301 Moved\r\nLocation: https://max.ru/\r\nContent-Length: 0\r\n\r\n"))
    assert (record.facts.status, record.facts.location) == (301, "https://max.ru/")


async def test_failures_on_the_way_down_are_of_the_layer_that_failed() -> None:
    assert outcome(await measure("http", f"http://127.0.0.1:{closed_port()}/")) == (Phase.TCP, Kind.REFUSED)
    with black_hole() as port:
        assert outcome(await measure("http", f"http://127.0.0.1:{port}/", timeout=0.3)) == (Phase.TCP, Kind.TIMEOUT)
    async with serve(fin_after_hello) as port:
        assert outcome(await measure("http", f"https://127.0.0.1:{port}/")) == (Phase.TLS, Kind.EOF)
    await check(secured(answering(OK), "expired"), (Phase.TLS, Kind.TLS_CERTIFICATE), status=None)
