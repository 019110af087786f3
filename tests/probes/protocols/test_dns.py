"""The dns probe: one series for each resolver, and the answer is the measurement."""

import dns.message
import pytest
from pydantic import ValidationError

from probes.clock import SystemClock
from probes.protocols.dns import Dns
from probes.record import Kind, Phase, Record
from probes.run import Skipped, World, perform
from probes.steps import dns_udp, resolve
from tests.lab import dns_servers as lab
from tests.lab.dns_runs import BLOCKPAGE, FORGED, NAME, TRUE, Here, OnlyTcp, attempt, failed
from tests.lab.dns_servers import closed_port, lying_resolver
from tests.lab.runs import SILENCE, detail, plugin


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer is waited for 0.5 s in truth; tests that have none need not wait so long."""
    monkeypatch.setattr(dns_udp, "LISTEN", 0.05)


async def measure(options: Dns, own: str, world: World | None = None, **changes) -> Record:
    """One run of the probe, from a vantage whose own resolver is `own`."""
    return await perform(plugin("dns"), attempt(own, options=options, **changes), Here(), world or World(SystemClock()))


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
        ({"target": NAME, "resolvers": ["tls://dns.google"]}, "names no IP address"),
        ({"target": NAME, "resolvers": ["quic://1.1.1.1"]}, "is no transport for DNS"),
        ({"target": NAME, "resolvers": ["tls://1.1.1.1", "tls://1.1.1.1#one.one.one.one"]}, "named twice"),
        ({"target": NAME, "kind": "AAAA"}, "Input should be 'address'"),
        ({"target": NAME, "kind": "NS", "whoami": True}, "whoami reads addresses and TXT, not NS"),
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
    async with lying_resolver(lab.first(lab.answer(FORGED), then=lab.answer(TRUE))) as place:
        record = await measure(Dns(target=NAME), place)
    assert [answer.addresses for answer in record.facts.answers] == [(FORGED,), (TRUE,)]


async def test_family_ipv6_asks_for_aaaa_whatever_carries_the_question() -> None:
    async with lying_resolver(lab.answer(TRUE, "2a03:2880:f24d::167")) as place:
        record = await measure(Dns(target=NAME), place, family="ipv6")
    assert record.facts.addresses == ("2a03:2880:f24d::167",)


def test_resolvers_over_tls_and_https_are_series_with_trust_sets() -> None:
    options = Dns(
        target=NAME, resolvers=("tls://9.9.9.9#dns.quad9.net", "https://8.8.8.8/dns-query#dns.google", "vantage")
    )
    assert names(options) == [
        "web.whatsapp.com/A@9.9.9.9/tls",
        "web.whatsapp.com/A@8.8.8.8/https",
        "web.whatsapp.com/A@vantage",
    ]
    variants = [one for _name, one in options.variants("ipv4")]
    assert [one.contacts() for one in variants] == [("9.9.9.9",), ("8.8.8.8",), ()]
    assert [one.trusts() for one in variants] == [(("public", ()),), (("public", ("http/1.1",)),), ()]


@pytest.mark.parametrize(
    ("named", "own", "needed"),
    [
        ((), "195.208.4.1", "udp"),
        ((), "system", "system_dns"),
        ((), "tcp://195.208.4.1", "tcp"),
        (("vantage",), "tls://9.9.9.9", "tcp"),
        (("8.8.8.8",), "tls://9.9.9.9", "udp"),
        (("https://8.8.8.8",), "system", "tcp"),
        (("tcp://8.8.8.8", "8.8.4.4"), "tcp://9.9.9.9", "udp"),
    ],
)
def test_what_carries_the_question(named: tuple[str, ...], own: str, needed: str) -> None:
    assert Dns(target=NAME, resolvers=named).needed(own) == {needed}


@pytest.mark.parametrize("kind", ["NS", "HTTPS", "TXT"])
def test_another_type_stands_in_the_name(kind: str) -> None:
    options = Dns.model_validate({"target": NAME, "kind": kind, "resolvers": ["8.8.8.8"]})
    assert names(options) == names(options, "ipv6") == [f"web.whatsapp.com/{kind}@8.8.8.8/udp"]


def test_a_question_over_tcp_besides_counts_against_the_limit() -> None:
    options = Dns(target=NAME, also_tcp=True, resolvers=("8.8.8.8", "tcp://9.9.9.9", "vantage"))
    assert [one.contacts() for _name, one in options.variants("ipv4")] == [("8.8.8.8", "8.8.8.8"), ("9.9.9.9",), ()]


RECORDS = {
    "NS": ("b.ns.whatsapp.net.", "a.ns.whatsapp.net."),
    "HTTPS": ('1 . alpn="h2,h3" ipv4hint="157.240.205.62"',),
    "TXT": ('"v=spf1 -all"', '"second"'),
}


@pytest.mark.parametrize("kind", RECORDS)
async def test_other_records_are_kept_as_text(kind: str) -> None:
    async with lying_resolver(lab.records(kind, *RECORDS[kind])) as place:
        record = await measure(Dns.model_validate({"target": NAME, "kind": kind}), place)
    assert record.failure is None
    assert [answer.data for answer in record.facts.answers] == [tuple(sorted(RECORDS[kind]))]
    assert (record.facts.address, record.facts.addresses) == (None, ())


async def test_a_name_without_such_records_has_no_answer() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        record = await measure(Dns(target=NAME, kind="NS"), place)
    assert failed(record) is Kind.DNS_NO_ANSWER


async def test_the_machines_own_resolver_gives_addresses_only() -> None:
    record = await measure(Dns(target=NAME, kind="TXT"), "system")
    assert failed(record) is Kind.LOCAL
    assert "name a resolver" in detail(record)


# ---- EDNS ------------------------------------------------------------------------------------------------------------


async def test_edns_is_asked_with_only_where_it_is_wanted() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        await measure(Dns(target=NAME), place)
        record = await measure(Dns(target=NAME, edns=True), place)
    assert [dns.message.from_wire(question).edns for question in place.asked] == [-1, 0]
    assert dns.message.from_wire(place.asked[1]).payload == 1232
    assert (record.failure, record.facts.extra) == (None, {})


@pytest.mark.parametrize("word", ["FORMERR", "NOTIMP"])
async def test_a_server_that_knows_no_edns_is_asked_again_without(word: str) -> None:
    async with lying_resolver(lab.without_edns(word, lab.answer(TRUE))) as place:
        record = await measure(Dns(target=NAME, edns=True), place)
    assert (record.failure, record.facts.addresses) == (None, (TRUE,))
    assert [answer.rcode for answer in record.facts.answers] == ["NOERROR"]
    assert record.facts.extra == {"dns_edns": word}
    assert len(place.asked) == 2


async def test_a_formerr_to_a_plain_question_stays_one() -> None:
    async with lying_resolver(lab.rcode("FORMERR")) as place:
        record = await measure(Dns(target=NAME, edns=True), place)
    assert (failed(record), len(place.asked)) == (Kind.DNS_MISBEHAVING, 2)


# ---- a second opinion over TCP ---------------------------------------------------------------------------------------

LIES = {
    "rewritten": (lab.nxdomain(soa=False, aa=True), Kind.DNS_NXDOMAIN),
    "denied": (lab.nxdomain(), Kind.DNS_NXDOMAIN),
    "emptied": (lab.nodata(), Kind.DNS_NO_ANSWER),
    "refused": (lab.rcode("REFUSED"), Kind.DNS_REFUSED),
    "bogon": (lab.answer("10.0.0.1"), Kind.DNS_BOGON),
    "block page": (lab.answer(BLOCKPAGE), Kind.DNS_BLOCKPAGE),
}


@pytest.mark.parametrize(("lie", "kind"), LIES.values(), ids=LIES)
async def test_udp_lies_and_tcp_tells_the_truth_within_one_record(lie: lab.Lie, kind: Kind) -> None:
    async with lying_resolver(lie, lab.answer(TRUE)) as place:
        record = await measure(Dns(target=NAME, also_tcp=True), place)
    assert failed(record) is kind
    assert record.facts.extra["tcp_says"] == f"NOERROR {TRUE}"
    assert [answer.transport for answer in record.facts.answers] == ["udp", "tcp"]
    assert [timing.phase for timing in record.timings] == [Phase.DNS]


async def test_silence_over_udp_is_told_from_a_resolver_that_is_down() -> None:
    async with lying_resolver(lab.silence(), lab.answer(TRUE)) as place:
        dropped = await measure(Dns(target=NAME, also_tcp=True), place, timeout=SILENCE)
    down = await measure(Dns(target=NAME, also_tcp=True), closed_port())
    assert (failed(dropped), dropped.facts.extra) == (Kind.TIMEOUT, {"tcp_says": f"NOERROR {TRUE}"})
    assert (failed(down), down.facts.refused_by) == (Kind.REFUSED, "icmp")
    assert down.facts.extra["tcp_says"] == "connection_refused"


async def test_a_truncated_answer_has_been_asked_for_over_tcp_already() -> None:
    async with lying_resolver(lab.truncated(), lab.nxdomain()) as place:
        record = await measure(Dns(target=NAME, also_tcp=True), place)
    assert (failed(record), record.facts.extra, len(place.asked)) == (Kind.DNS_NXDOMAIN, {}, 2)


async def test_a_fault_of_our_own_needs_no_second_opinion() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        asked = attempt(place, options=Dns(target=NAME, also_tcp=True))
        record = await perform(plugin("dns"), asked, OnlyTcp(), World(SystemClock()))
    assert (failed(record), record.facts.extra, place.asked) == (Kind.LOCAL, {}, [])


async def test_tcp_says_the_same_where_the_resolver_means_it() -> None:
    async with lying_resolver(lab.nxdomain()) as place:
        record = await measure(Dns(target=NAME, also_tcp=True), place)
    assert record.facts.extra == {"tcp_says": "NXDOMAIN"}


async def test_a_good_answer_needs_no_second_opinion() -> None:
    async with lying_resolver(lab.answer(TRUE)) as place:
        record = await measure(Dns(target=NAME, also_tcp=True), place)
        over_tcp = await measure(Dns(target=NAME, also_tcp=True, resolvers=(f"tcp://{place}",)), place)
    assert (record.facts.extra, over_tcp.facts.extra, len(place.asked)) == ({}, {}, 2)


async def test_tcp_that_fails_leaves_the_verdict_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "SECOND_OPINION", SILENCE)
    for lie, says in ((lab.silence(), "generic_timeout_error"), (lab.cut_short(lab.nxdomain(), 0), "eof_error")):
        async with lying_resolver(lab.nxdomain(), lie) as place:
            record = await measure(Dns(target=NAME, also_tcp=True), place)
        assert (failed(record), record.facts.extra) == (Kind.DNS_NXDOMAIN, {"tcp_says": says})


async def test_a_second_opinion_needs_a_permit_of_its_own() -> None:
    asked = []

    async def once(contact: str) -> None:
        asked.append(contact)
        if len(asked) > 1:
            raise Skipped("budget")

    async with lying_resolver(lab.nxdomain(), lab.answer(TRUE)) as place:
        record = await measure(Dns(target=NAME, also_tcp=True), place, world=World(SystemClock(), permit=once))
    assert asked == ["dns:127.0.0.1"] * 2
    assert (failed(record), record.facts.extra) == (Kind.DNS_NXDOMAIN, {"tcp_says": "not asked: budget"})
    assert len(place.asked) == 1


# ---- who asks on our behalf ------------------------------------------------------------------------------------------


async def test_the_resolver_behind_the_resolver_is_kept_as_a_network() -> None:
    async with lying_resolver(lab.answer("193.232.128.77")) as place:
        record = await measure(Dns(target="whoami.akamai.net", whoami=True), place)
    assert record.failure is None
    assert record.facts.extra == {"resolver_identity": "193.232.128.0/24"}
    assert [answer.addresses for answer in record.facts.answers] == [("193.232.128.0/24",)]
    assert (record.facts.address, record.facts.addresses) == (None, ("193.232.128.0/24",))
    assert "193.232.128.77" not in repr(record)


async def test_a_text_that_names_our_own_network_is_dropped() -> None:
    texts = ('"2a03:2880:f24d:c2::35"', '"edns0-client-subnet 203.0.113.0/24"')
    async with lying_resolver(lab.records("TXT", *texts)) as place:
        record = await measure(Dns(target="o-o.myaddr.l.google.com", kind="TXT", whoami=True), place)
    assert record.facts.extra == {"resolver_identity": "2a03:2880:f24d::/48"}
    assert [answer.data for answer in record.facts.answers] == [("2a03:2880:f24d::/48",)]
    assert "203.0.113" not in repr(record)


async def test_a_late_answer_is_masked_too() -> None:
    async with lying_resolver(lab.first(lab.answer("193.232.128.77"), then=lab.answer("62.112.13.7"))) as place:
        record = await measure(Dns(target="whoami.akamai.net", whoami=True), place)
    assert [answer.addresses for answer in record.facts.answers] == [("193.232.128.0/24",), ("62.112.13.0/24",)]
    assert record.facts.extra["dns_conflict"] == "yes"


async def test_a_sign_is_an_answer_and_kept() -> None:
    """What a service says of itself with an address that is nobody's place."""
    options = Dns(target="uptime.example", signs=("127.0.0.1", "127.0.0.2"))
    async with lying_resolver(lab.answer("127.0.0.2")) as place:
        told, untold = await measure(options, place, far()), await measure(Dns(target="uptime.example"), place, far())
    assert (told.failure, told.facts.addresses) == (None, ("127.0.0.2",))
    assert failed(untold) is Kind.DNS_BOGON


def far() -> World:
    """A world in which loopback is nobody's own."""
    return World(SystemClock(), owned=lambda _: False)


def test_signs_are_addresses() -> None:
    with pytest.raises(ValidationError):
        Dns(target=NAME, signs=("well",))
    assert Dns.version == 2
