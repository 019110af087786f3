"""Options, targets, and how plug-ins are found."""

import inspect
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from probes.plugin import (
    PROBES,
    VANTAGES,
    HostPort,
    Options,
    Plugin,
    ProbeOptions,
    Registry,
    Straight,
    ascii_host,
    split_host_port,
)
from tests.lab.runs import plugin

PLUGIN = '''"""A probe type that came as a file."""
from probes.plugin import ProbeOptions
from colours import COLOURS

class Red(ProbeOptions):
    """Options."""
    shade: str = "dark"

@COLOURS.add
async def red(run: object, options: Red) -> None:
    """Nothing."""
'''
INIT = '''"""A folder of plug-ins."""
from probes.plugin import Registry
COLOURS = Registry("colours", "colour")
'''


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry of a package made up for the test."""
    folder = tmp_path / "colours"
    folder.mkdir()
    (folder / "__init__.py").write_text(INIT)
    (folder / "red.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("colours").COLOURS
    for name in [name for name in sys.modules if name.startswith("colours")]:
        del sys.modules[name]


def test_a_new_file_in_the_folder_is_enough(colours: Registry) -> None:
    assert colours.names() == ["red"]
    red = plugin("red", colours)
    assert (red.name, red.options().model_dump()) == ("red", {"shade": "dark"})
    assert [plugin.name for plugin in colours] == ["red"]
    assert colours.get("blue") is None


def test_what_we_ship_is_found() -> None:
    assert {"dns", "tcp", "tls", "http"} <= set(PROBES.names())
    assert {"direct", "source"} <= set(VANTAGES.names())


@pytest.mark.parametrize("found", list(PROBES), ids=lambda found: found.name)
def test_every_probe_type_tells_the_planner_what_it_needs(found: Plugin) -> None:
    assert issubclass(found.options, ProbeOptions)
    assert found.options.needs <= {"tcp", "udp"}
    assert found.options.traffic > 0
    assert found.options.version >= 1
    assert found.function.__doc__


@pytest.mark.parametrize("found", [*PROBES, *VANTAGES], ids=lambda found: found.name)
def test_every_option_says_when_an_operator_sets_it(found: Plugin) -> None:
    """notes/examples.md, habit 13: no sentence, no option."""
    for name in found.options.model_fields:
        owner = next(kind for kind in found.options.__mro__ if name in vars(kind).get("__annotations__", {}))
        behind = inspect.getsource(owner).split(f"    {name}: ", 1)[1]
        assert '"""An operator sets this' in behind.split("\n    def ", 1)[0], f"{found.name}.{name}"


def test_unknown_options_are_errors_and_values_are_frozen() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Options.model_validate({"colour": "red"})
    with pytest.raises(ValidationError, match="frozen"):
        HostPort(target="a.example:1").target = "b.example:1"


def test_plain_options_are_one_series_without_contacts() -> None:
    options = ProbeOptions()
    assert list(options.variants("ipv4")) == [(None, options)]
    assert (options.contacts(), options.trusts()) == ((), ())


# ---- host:port -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("g.whatsapp.net:5222", ("g.whatsapp.net", 5222)),
        ("G.WhatsApp.net.:443", ("g.whatsapp.net", 443)),
        ("157.240.205.62:443", ("157.240.205.62", 443)),
        ("[2001:DB8:0::1]:443", ("2001:db8::1", 443)),
        ("_sip._tcp.example:1", ("_sip._tcp.example", 1)),
        ("пример.рф:65535", ("xn--e1afmkfd.xn--p1ai", 65535)),
        ("localhost:80", ("localhost", 80)),
    ],
)
def test_targets(target: str, place: tuple[str, int]) -> None:
    options = HostPort(target=target)
    assert (options.place, options.contacts(), options.target) == (place, (place[0],), target)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("example.org", "has no port; write host:port"),
        ("example.org:", "port must be 1 to 65535, not ''"),
        ("example.org:0", "port must be 1 to 65535, not '0'"),
        ("example.org:65536", "port must be 1 to 65535, not '65536'"),
        ("example.org:http", "port must be 1 to 65535, not 'http'"),
        ("example.org:-1", "port must be 1 to 65535"),
        ("example.org:٤٤٣", "port must be 1 to 65535"),
        ("2001:db8::1", "stands in brackets"),
        ("2001:db8::1:443", "stands in brackets"),
        ("[2001:db8::1]", "has no port"),
        ("[example.org]:443", "'example.org' in brackets is no IPv6 address"),
        ("[192.0.2.1]:443", "in brackets is no IPv6 address"),
        (":443", "'' is no host name"),
        ("a b.example:443", "'a b.example' is no host name"),
        ("https://example.org:443", "is no host:port"),
        ("example.org/x:443", "is no host name"),
        ("user@example.org:443", "is no host name"),
        ("example..org:443", "is no host name"),
        ("999.1.1.1:443", "'999.1.1.1' is no IPv4 address"),
        (f"{'a' * 64}.example:443", "is no host name"),
        (f"{'a.' * 127}example:443", "is no host name"),
    ],
)
def test_targets_that_are_wrong(target: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("(", r"\(")):
        HostPort(target=target)


def test_a_default_port_stands_in_for_a_missing_one_only() -> None:
    assert split_host_port("example.org", 443) == ("example.org", 443)
    assert split_host_port("[::1]:80", 443) == ("::1", 80)


@given(st.ip_addresses(), st.integers(1, 65_535))
def test_every_address_and_port_is_a_target(address, port: int) -> None:
    text = f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
    host, found = split_host_port(text)
    assert found == port
    assert socket.inet_pton(socket.AF_INET6 if address.version == 6 else socket.AF_INET, host) == address.packed


@given(st.text(max_size=40))
def test_no_text_is_more_than_a_value_error(text: str) -> None:
    """And what is taken for a name can be sent: ASCII, no spaces, taken again as it is."""
    try:
        host, _ = split_host_port(text)
    except ValueError:
        return
    assert host.isascii()
    assert not set(host) & set(" /@\r\n")
    assert ":" in host or ascii_host(host) == host


# ---- vantages without a proxy ----------------------------------------------------------------------------------------


async def test_what_goes_straight_asks_nobody() -> None:
    vantage = Straight()
    assert vantage.route("192.0.2.1", 443) == ("192.0.2.1", 443)
    with socket.socket() as sock:
        await vantage.tunnel(sock, "192.0.2.1", 443, lambda phase: None)
    with pytest.raises(NotImplementedError):
        vantage.open(socket.AF_INET, socket.SOCK_STREAM)
