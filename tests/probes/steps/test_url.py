"""URLs with schemes of one's own; those of pages are in the tests of the http probe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.steps.url import SOCKETS, WEB, Url, parse_url


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("wss://web.whatsapp.com/ws/chat", Url(True, "web.whatsapp.com", 443, "web.whatsapp.com", "/ws/chat")),
        ("ws://[::1]:8080/a?b", Url(False, "::1", 8080, "[::1]:8080", "/a?b")),
        ("ws://example.org", Url(False, "example.org", 80, "example.org", "/")),
    ],
)
def test_urls_of_web_sockets(target: str, url: Url) -> None:
    assert parse_url(target, SOCKETS) == url


@pytest.mark.parametrize("target", ["https://example.org/", "example.org:443", "wss:///a", "wss://a b/"])
def test_what_is_none_says_what_to_write(target: str) -> None:
    with pytest.raises(ValueError, match=r"wss://host/path or ws://host:port/path|no host"):
        parse_url(target, SOCKETS)


@given(st.integers(1, 65535), st.sampled_from([*SOCKETS, *WEB]))
def test_a_port_is_shown_where_it_is_not_the_usual(port: int, scheme: str) -> None:
    schemes = SOCKETS if scheme in SOCKETS else WEB
    url = parse_url(f"{scheme}://example.org:{port}/", schemes)
    assert (":" in url.authority) == (port != schemes[scheme])
    assert (url.port, url.secure) == (port, scheme in {"wss", "https"})
