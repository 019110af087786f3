from pathlib import Path

import pytest

from config.endpoint import EndpointKeys, read_endpoint
from config.faults import listed
from config.reading import members, parse
from probes.plugin import PROBES
from probes.protocols.dns import Dns
from probes.protocols.tls import Tls

BASE = '[[endpoints]]\nrole = "chat"\nprobe = "tls"\ntarget = "chat.example:443"\nevery = "1m"\n'


def found(text):
    faults: list = []
    source = parse(text, Path(__file__).parents[2] / "config" / "trust", "x.toml", faults)
    assert source is not None
    (part,) = members(source, "endpoints", faults)
    return read_endpoint(part, faults), [str(fault) for fault in faults]


def right(text):
    endpoint, faults = found(text)
    assert faults == []
    assert endpoint is not None
    return endpoint


def test_an_endpoint_with_no_more_than_it_needs():
    endpoint = right(BASE)
    assert (endpoint.role, endpoint.probe, endpoint.target) == ("chat", "tls", "chat.example:443")
    assert (endpoint.every, endpoint.timeout, endpoint.families) == (60, 10.0, ("ipv4",))
    assert endpoint.options == Tls(target="chat.example:443")
    assert endpoint.label == "chat.example:443"
    assert endpoint.origin.line == 1


def test_an_endpoint_with_all_it_can_have():
    endpoint = right(
        BASE + 'timeout = "2s"\nname = "front"\nfamilies = ["ipv6", "ipv4"]\ntrust = "signal"\nalpn = ["h2"]\n'
    )
    assert (endpoint.timeout, endpoint.families, endpoint.label) == (2.0, ("ipv6", "ipv4"), "front")
    assert endpoint.options == Tls(target="chat.example:443", trust="signal", alpn=("h2",))


@pytest.mark.parametrize(("every", "timeout"), [("1s", 1.0), ("5s", 5.0), ("10s", 10.0), ("1h", 10.0)])
def test_where_no_timeout_is_given_runs_do_not_overlap(every, timeout):
    assert right(BASE.replace("1m", every)).timeout == timeout


@pytest.mark.parametrize(
    ("target", "families"),
    [("192.0.2.1:443", ("ipv4",)), ("[2001:db8::1]:443", ("ipv6",)), ("chat.example:443", ("ipv4",))],
)
def test_an_address_says_its_family(target, families):
    assert right(BASE.replace("chat.example:443", target)).families == families


def test_an_address_has_no_other_family():
    text = BASE.replace("chat.example:443", "192.0.2.1:443")
    assert right(text + 'families = ["ipv4"]\n').families == ("ipv4",)
    for families in ('["ipv6"]', '["ipv4", "ipv6"]'):
        _none, (fault,) = found(text + f"families = {families}\n")
        assert (
            fault
            == 'x.toml:6: endpoints[0].families: must be ["ipv4"] or absent: the target is an address of that family'
        )


def test_a_dns_endpoint_may_ask_an_ipv6_resolver_for_any_family():
    text = BASE.replace('"tls"', '"dns"').replace(":443", "") + 'resolvers = ["2001:db8::53"]\nfamilies = ["ipv4"]\n'
    assert right(text).options == Dns(target="chat.example", resolvers=("2001:db8::53",))


def test_a_trust_file_becomes_absolute():
    options = right(BASE + 'trust = "apple.pem"\n').options
    assert options.model_dump()["trust"] == str(Path(__file__).parents[2] / "config" / "trust" / "apple.pem")


def test_every_fault_is_told_whatever_else_is_wrong():
    endpoint, faults = found(
        '[[endpoints]]\nrole = "chatt"\nprobe = "tls"\ntarget = "www.gov.uk:443"\nevery = "1m"\ntimeout = "2m"\n'
        'trust = "public_"\ncolour = "red"\n'
    )
    assert endpoint is None
    assert [fault.split(": ")[0] + " " + fault.split(": ")[1] for fault in faults] == [
        "x.toml:2 endpoints[0].role",
        "x.toml:7 endpoints[0].trust",
        "x.toml:8 endpoints[0].colour",
    ]
    _none, faults = found(BASE.replace("chat.example", "www.gov.uk") + 'timeout = "2m"\n')
    assert [fault.split(": ")[1] for fault in faults] == ["endpoints[0].timeout", "endpoints[0].target"]


@pytest.mark.parametrize("probe", [plugin.name for plugin in PROBES])
def test_no_probe_shows_a_password_in_its_target(probe):
    _none, faults = found(BASE.replace("tls", probe).replace("chat.example:443", "https://me:hunter2@chat.example/"))
    assert faults == ["x.toml:4: endpoints[0].target: must not hold a user or a password: no probe logs in"]


@pytest.mark.parametrize("probe", ["", "TLS", "telepathy", "icmp"])
def test_an_unknown_probe_is_told_with_those_there_are(probe):
    _none, (fault,) = found(BASE.replace('"tls"', f'"{probe}"'))
    assert f"{probe!r} is no probe type; there are {listed(PROBES.names())}" in fault


@pytest.mark.parametrize("plugin", list(PROBES), ids=lambda plugin: plugin.name)
def test_no_option_of_a_probe_has_the_name_of_a_key_that_all_endpoints_have(plugin):
    """The key would go to the envelope, and the option could never be set."""

    assert not EndpointKeys.model_fields.keys() & plugin.options.model_fields.keys()
