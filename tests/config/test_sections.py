from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.faults import Origin
from config.sections import (
    Alert,
    Detect,
    Influxdb,
    LimitKeys,
    Retention,
    Web,
    folder_of,
    limit_of,
    own_addresses,
)

HERE = Origin("reachd.toml", 1, "limits[0]")
STORE = '{"url": "http://127.0.0.1:8086", "org": "o", "bucket": "b", "token": {"file": "token"}'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "token").write_text("t0ken")
    return tmp_path


def store(folder, **more):
    extra = "".join(f', "{key}": "{value}"' for key, value in more.items())
    return Influxdb.model_validate_json(f"{STORE}{extra}}}", strict=True, context=folder)


# ---- the store ----


def test_a_store_with_no_more_than_it_needs(folder):
    found = store(folder)
    assert (found.url, found.org, found.bucket, found.token.reveal()) == ("http://127.0.0.1:8086", "o", "b", "t0ken")
    assert (found.proxy, found.ca) == (None, None)


@pytest.mark.parametrize("url", ["https://influx.example", "http://[::1]:8086", "http://h:1/base"])
def test_urls_of_a_store(folder, url):
    text = STORE.replace("http://127.0.0.1:8086", url) + "}"
    assert Influxdb.model_validate_json(text, strict=True, context=folder).url == url


@pytest.mark.parametrize(
    "url", ["influx.example", "ftp://h", "http://", "http://h:0", "http://h:65536", "http://h:x", "http://[::1"]
)
def test_what_is_no_url_of_a_store(folder, url):
    text = STORE.replace("http://127.0.0.1:8086", url) + "}"
    with pytest.raises(ValidationError, match=r"must be a URL such as 'http://127\.0\.0\.1:8086', with a port"):
        Influxdb.model_validate_json(text, strict=True, context=folder)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9050", "socks5h://h:1080", "http://h:3128"])
def test_proxies_of_a_store(folder, proxy):
    assert store(folder, proxy=proxy).proxy == proxy


@pytest.mark.parametrize("url", ["http://me:hunter2@h", "http://hunter2@h", "http://:hunter2@h"])
@pytest.mark.parametrize("key", ["url", "proxy"])
def test_no_url_holds_a_password_and_none_is_shown(folder, key, url):
    text = f"{STORE}}}".replace("http://127.0.0.1:8086", url) if key == "url" else f'{STORE}, "proxy": "{url}"}}'
    with pytest.raises(ValidationError) as caught:
        Influxdb.model_validate_json(text, strict=True, context=folder)
    (detail,) = caught.value.errors(include_input=False)
    assert "must not hold a user or a password" in detail["msg"]
    assert "hunter2" not in detail["msg"]


# ---- the page, alerts, retention, detection ----


@pytest.mark.parametrize(
    ("listen", "public"),
    [
        ("127.0.0.1:8642", False), ("127.9.9.9:1", False), ("[::1]:8642", False), ("localhost:8642", False),
        ("0.0.0.0:8642", True), ("[::]:8642", True), ("192.0.2.1:8642", True), ("host.example:8642", True),
    ],
)  # fmt: skip
def test_who_can_reach_the_page(listen, public):
    assert Web(listen=listen).public is public


@pytest.mark.parametrize("listen", ["8642", "127.0.0.1", "127.0.0.1:65536", "::1:8642", ""])
def test_where_no_page_can_be(listen):
    with pytest.raises(ValidationError, match="must be an address and a port"):
        Web(listen=listen)


def test_defaults_are_those_of_the_design():
    assert Web().listen == "127.0.0.1:8642"
    assert (Retention().raw_days, Retention().raw_bytes, Retention().min_free) == (30, 20 * 10**9, 2 * 10**9)
    assert (Detect().flash, Detect().false_events) == (30.0, 1 / 50)


def test_an_alert_may_go_through_a_vantage():
    alert = Alert.model_validate_json('{"type": "webhook", "url": "https://h/x", "via": "exit"}', strict=True)
    assert (alert.via, alert.secret) == ("exit", None)


# ---- own addresses ----


def limit(*addresses, every="0.1s", burst=200):
    text = LimitKeys.model_validate(
        {"addresses": addresses, "every": every, "burst": burst, "consent": "mine"}, context=Path()
    )
    return own_addresses(text, HERE)


def test_addresses_networks_and_names_are_told_apart():
    found = limit("192.0.2.1", "127.0.0.0/8", "2001:db8::/32", "2001:db8::1", "Lab.Example", "host")
    assert found.networks == tuple(map(ip_network, ["192.0.2.1", "127.0.0.0/8", "2001:db8::/32", "2001:db8::1"]))
    assert found.names == ("lab.example", "host")
    assert (found.every, found.burst) == (0.1, 200)


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("300.1.1.1", "is no address, network or host name"),
        ("10.0.0.0/33", "is no address, network or host name"),
        ("host/8", "is no address, network or host name"),
        ("2001:db8::g", "is no address, network or host name"),
        ("10.0.0.1/8", "begins inside its network; did you mean 10.0.0.0/8"),
        ("a b", "is no host name"),
        ("", "is no host name"),
    ],
)
def test_what_is_no_address(address, what):
    with pytest.raises(ValidationError, match=what):
        limit(address)


def test_whose_an_address_is():
    lab, host = limit("127.0.0.0/8", "lab.example"), limit("198.51.100.7", "2001:db8::/64", every="1s")
    limits = (lab, host)
    assert limit_of(limits, "127.1.2.3") is lab
    assert limit_of(limits, "LAB.example") is lab
    assert limit_of(limits, "198.51.100.7") is host
    assert limit_of(limits, "2001:db8::42") is host
    for other in ("198.51.100.8", "2001:db8:0:1::1", "example", "x.lab.example", "system", ""):
        assert limit_of(limits, other) is None


def test_the_narrowest_network_wins_and_of_equal_ones_the_first():
    wide, narrow, again = limit("10.0.0.0/8"), limit("10.1.0.0/16", burst=1), limit("10.1.0.0/16", burst=2)
    for limits in ((wide, narrow, again), (narrow, wide, again), (narrow, again, wide)):
        assert limit_of(limits, "10.1.1.1") is narrow
        assert limit_of(limits, "10.2.1.1") is wide


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_an_address_is_owned_exactly_if_it_lies_in_the_network(number, prefix):
    network = ip_network((number, prefix), strict=False)
    limits = (limit(str(network)),)
    assert limit_of(limits, str(IPv4Address(number))) is limits[0]
    outside = (int(network.broadcast_address) + 1) % 2**32
    assert (limit_of(limits, str(IPv4Address(outside))) is None) == (ip_address(outside) not in network)


@pytest.mark.parametrize(
    ("state", "folder"), [(None, "/work"), ("", "/work"), ("/var/lib/a", "/var/lib/a"), ("/var/lib/a:/b", "/var/lib/a")]
)
def test_where_the_paths_of_the_example_start(state, folder):
    assert folder_of(state, Path("/work")) == Path(folder)


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:0", ("::1", 0)),
        ("127.0.0.1:8642", ("127.0.0.1", 8642)),
        ("localhost:10", ("localhost", 10)),
    ],
)
def test_where_the_page_listens(listen, place):
    assert Web(listen=listen).place == place


def test_further_names_of_the_page():
    assert Web(hosts=("Page.Example.org",)).hosts == ("page.example.org",)
    with pytest.raises(ValidationError):
        Web(hosts=("two words",))
