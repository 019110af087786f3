"""The dns probe: one series for each resolver, and the answer is the measurement."""

import pytest
from pydantic import ValidationError

from probes.clock import SystemClock
from probes.plugin import PROBES
from probes.protocols.dns import Dns
from probes.record import Kind, Phase, Record
from probes.run import World, perform
from probes.steps import dns_udp
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import BLOCKPAGE, NAME, TRUE, Here, attempt, failed
from tests.lab.dns_servers import closed_port, lying_resolver


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer is waited for 0.5 s in truth; tests that have none need not wait so long."""
    monkeypatch.setattr(dns_udp, "LISTEN", 0.05)


async def measure(options: Dns, own: str, **changes) -> Record:
    """One run of the probe, from a vantage whose own resolver is `own`."""
    plugin = PROBES.get("dns")
    assert plugin is not None
    assert plugin.options is Dns
    return await perform(plugin, attempt(own, options=options, **changes), Here(), World(SystemClock()))


def names(options: Dns, family: str = "ipv4") -> list[str | None]:
    return [name for name, _options in options.variants(family)]


def test_the_vantages_own_resolver_is_asked_where_none_is_named() -> None:
    assert names(Dns(target=NAME)) == ["web.whatsapp.com/A@vantage"]
    assert names(Dns(target=NAME), "ipv6") == ["web.whatsapp.com/AAAA@vantage"]


def test_each_resolver_is_a_series_of_its_own() -> None:
    options = Dns(target=NAME, resolvers=("vantage", "195.208.4.1", "tcp://8.8.8.8", "[2a0c:a9c7:8::1]:5353"))
    assert names(options) == [
        "web.whatsapp.com/A@vantage",
        "web.whatsapp.com/A@195.208.4.1/udp",
        "web.whatsapp.com/A@8.8.8.8/tcp",
        "web.whatsapp.com/A@[2a0c:a9c7:8::1]:5353/udp",
    ]
    assert [one.resolvers for _name, one in options.variants("ipv4")] == [(text,) for text in options.resolvers]
    assert [one.contacts() for _name, one in options.variants("ipv4")] == [
        (),
        ("195.208.4.1",),
        ("8.8.8.8",),
        ("2a0c:a9c7:8::1",),
    ]


def test_a_variant_is_its_own_only_variant() -> None:
    options = Dns(target=NAME, resolvers=("195.208.4.1", "8.8.8.8"))
    for name, one in options.variants("ipv4"):
        assert list(one.variants("ipv4")) == [(name, one)]


def test_the_probe_needs_udp_and_costs_little() -> None:
    assert Dns.needs == {"udp"}
    assert Dns.traffic < 1000


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "Field required"),
        ({"target": "192.0.2.1"}, "is an address; a dns probe asks for a name"),
        ({"target": "2001:db8::1"}, "no host name"),
        ({"target": "web.whatsapp.com:443"}, "no host name"),
        ({"target": "https://web.whatsapp.com"}, "no host name"),
        ({"target": "a..b"}, "no host name"),
        ({"target": NAME, "resolvers": ["dns.google"]}, "names no IP address"),
        ({"target": NAME, "resolvers": ["tls://1.1.1.1"]}, "DNS over TLS is not supported yet"),
        ({"target": NAME, "resolvers": ["https://1.1.1.1/dns-query"]}, "DNS over HTTPS is not supported yet"),
        ({"target": NAME, "resolvers": ["system"]}, 'write "vantage"'),
        ({"target": NAME, "resolvers": ["8.8.8.8", "udp://8.8.8.8:53"]}, "named twice"),
        ({"target": NAME, "resolver": "8.8.8.8"}, "Extra inputs"),
    ],
)
def test_mistakes_are_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Dns.model_validate(options)


def test_a_name_is_kept_as_dns_carries_it() -> None:
    assert Dns(target="Bücher.Example.").target == "xn--bcher-kva.example"


async def test_the_answer_is_the_measurement() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        record = await measure(Dns(target=NAME), place)
    assert record.failure is None
    assert [timing.phase for timing in record.timings] == [Phase.DNS]
    assert (record.facts.address, record.facts.addresses, record.facts.resolver) == (TRUE, (TRUE,), place)


async def test_a_named_resolver_is_asked_instead_of_the_vantages() -> None:
    async with lying_resolver(lab.nxdomain()) as named, lying_resolver(lab.answer(TRUE)) as own:
        record = await measure(Dns(target=NAME, resolvers=(named,)), own)
        also = await measure(Dns(target=NAME, resolvers=("vantage",)), own)
    assert (failed(record), record.facts.resolver) == (Kind.DNS_NXDOMAIN, named)
    assert (failed(also), also.facts.resolver) == (None, own)
    assert [len(named.asked), len(own.asked)] == [1, 1]


async def test_udp_is_lied_to_and_tcp_is_not() -> None:
    async with lying_resolver(lab.nxdomain(soa=False, aa=True), lab.answer(TRUE)) as place:
        records = [
            await measure(one, closed_port())
            for _name, one in Dns(target=NAME, resolvers=(place, f"tcp://{place}")).variants("ipv4")
        ]
    assert [failed(record) for record in records] == [Kind.DNS_NXDOMAIN, None]


async def test_an_injected_answer_leaves_both_on_record() -> None:
    async with lying_resolver(lab.first(lab.answer(BLOCKPAGE), then=lab.answer(TRUE))) as place:
        record = await measure(Dns(target=NAME), place)
    assert [answer.addresses for answer in record.facts.answers] == [(BLOCKPAGE,), (TRUE,)]


async def test_family_ipv6_asks_for_aaaa_whatever_carries_the_question() -> None:
    async with lying_resolver(lab.answer(TRUE, "2a03:2880:f24d::167")) as place:
        record = await measure(Dns(target=NAME), place, family="ipv6")
    assert record.facts.addresses == ("2a03:2880:f24d::167",)
