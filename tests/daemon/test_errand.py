"""What a person's words mean, and one run of each series that they name."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon import errand
from daemon.errand import Misunderstood, measure, plugin_for, wanted
from daemon.limits import Rate
from daemon.planned import Prepared, prepare
from probes.clock import SystemClock
from probes.record import Kind, Purpose, Record
from tests.lab.daemons import one_service, service, write_config
from tests.lab.proxies import HonestSocks
from tests.lab.servers import accepting, black_hole, closed_port, serve

MODEM = """
[vantages.modem]
type = "source"
address = "127.0.0.7"
resolver = "127.0.0.53"
consent = "mine"
"""


@pytest.fixture
def now(tmp_path: Path) -> Prepared:
    services = {"lab": service("lab", "127.0.0.1:9", "127.0.0.1:10"), "clear": service("clear", "127.0.0.1:11")}
    return prepare(write_config(tmp_path, services, MODEM))


def means(now: Prepared, *words: str, probe: str | None = None, vantage: str | None = None) -> list[tuple[str, ...]]:
    return [
        (item.series.service, item.series.endpoint, item.series.probe, item.series.vantage)
        for item in wanted(now, words, probe, vantage)
    ]


# ---- words ----


def test_a_service_means_its_series_from_every_vantage(now: Prepared) -> None:
    expected = {("lab", f"127.0.0.1:{port}", "tcp", place) for port in (9, 10) for place in ("here", "modem")}
    found = means(now, "lab")
    assert set(found) == expected
    assert len(found) == 4


def test_one_vantage_if_it_is_named(now: Prepared) -> None:
    assert means(now, "clear", vantage="modem") == [("clear", "127.0.0.1:11", "tcp", "modem")]


def test_several_words_in_their_order(now: Prepared) -> None:
    assert [service for service, *_ in means(now, "clear", "lab", vantage="here")] == ["clear", "lab", "lab"]


@pytest.mark.parametrize(
    ("target", "probe"),
    [
        ("https://192.0.2.1/", "http"),
        ("192.0.2.1:443", "tls"),
        ("192.0.2.1:5222", "tcp"),
        ("web.whatsapp.com", "dns"),
    ],
)
def test_the_form_of_a_target_says_how_it_is_measured(now: Prepared, target: str, probe: str) -> None:
    found = means(now, target, vantage="here")
    assert {(service, kind) for service, _endpoint, kind, _vantage in found} == {("manual", probe)}


def test_a_probe_type_that_is_named_wins(now: Prepared) -> None:
    assert means(now, "192.0.2.1:443", probe="tcp", vantage="here") == [("manual", "192.0.2.1:443", "tcp", "here")]


def test_a_numeric_target_has_one_family_and_a_name_has_both(now: Prepared) -> None:
    families = {item.series.family for item in wanted(now, ["192.0.2.1:80"], None, "here")}
    assert families == {"ipv4"}
    named = {item.series.family for item in wanted(now, ["example.org:80"], None, "here")}
    assert named == set(now.families["here"])


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        (["lba"], {}, r"lba: no service of this configuration: choose clear or lab, .*; did you mean lab"),
        (["whatsapp"], {}, r"whatsapp: no service .*; add it to services"),
        (["lab"], {"vantage": "moon"}, r"--vantage moon: no such vantage; choose here or modem"),
        (["lab"], {"probe": "tls"}, r"lab: no tls series from here or modem; it is measured by tcp"),
        (["a.b:1"], {"probe": "telepathy"}, r"--probe telepathy: no such probe type; there are dns, http, .*tcp, "),
        (["a.b:99999"], {}, r"a\.b:99999: port must be 1 to 65535"),
        (["ftp://a.b/"], {}, r"ftp://a\.b/: .*http"),
        (["192.0.2.1"], {}, r"192\.0\.2\.1: .* is an address"),
        (["[2001:db8::1]:1"], {"vantage": "modem"}, r"no family of modem can carry it now"),
    ],
)
def test_what_cannot_be_meant_is_told_with_what_to_write(now: Prepared, words, options, said: str) -> None:
    with pytest.raises(Misunderstood, match=said):
        means(now, *words, **options)


def test_plugin_for_an_unknown_type_lists_those_that_exist() -> None:
    assert plugin_for("", "tcp").name == "tcp"
    with pytest.raises(Misunderstood, match=r"there are dns, http, .*tcp, "):
        plugin_for("", "telepathy")


# ---- runs ----


async def run(now: Prepared, *words: str, **options: str) -> list[Record | None]:
    found = wanted(now, words, options.get("probe"), options.get("vantage", "here"))
    return [record async for record in measure(now, found, SystemClock())]


async def outcomes(now: Prepared, *words: str) -> dict[str, str]:
    records = [record for record in await run(now, *words) if record is not None]
    return {record.series.endpoint: record.failure.kind if record.failure else "ok" for record in records}


@pytest.fixture
async def answering() -> AsyncIterator[str]:
    async with serve(accepting) as port:
        yield f"127.0.0.1:{port}"


async def test_each_series_is_measured_once_and_the_failures_are_told(now: Prepared, answering: str) -> None:
    closed = f"127.0.0.1:{closed_port()}"
    assert await outcomes(now, answering, closed) == {answering: "ok", closed: Kind.REFUSED}


async def test_a_record_of_a_person_is_manual_and_due_when_it_began(now: Prepared, answering: str) -> None:
    (record,) = await run(now, answering)
    assert record is not None
    assert record.purpose is Purpose.MANUAL
    assert record.due == record.began
    assert (record.attempt, record.of) == (1, None)
    assert record.version == "tcp/1"


async def test_all_run_at_the_same_time(tmp_path: Path) -> None:
    with black_hole() as silent:
        now = prepare(one_service(tmp_path, f"127.0.0.1:{silent}", timeout="0.5s"))
        five = wanted(now, ["lab"], None, None) * 5
        begin = SystemClock().monotonic()
        records = [record async for record in measure(now, five, SystemClock())]
        seconds = SystemClock().monotonic() - begin
    assert [record.failure.kind for record in records if record and record.failure] == [Kind.TIMEOUT] * 5
    assert seconds < 5 * 0.5


async def test_what_the_limits_do_not_allow_in_time_is_skipped(
    now: Prepared, answering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errand, "PATIENCE", 0.0)
    strict = replace(now, owned=lambda _address: Rate(100.0, 1))
    records = await run(strict, answering, answering)
    assert sorted(record is None for record in records) == [False, True]


async def test_nothing_wanted_is_nothing_measured(now: Prepared) -> None:
    assert [record async for record in measure(now, [], SystemClock())] == []


# ---- behind a proxy ----

EXIT = """
[vantages.exit]
type = "socks5"
address = "127.0.0.1:{}"
consent = "mine"
{}
"""


async def test_a_name_that_is_looked_up_there_is_measured_once_and_asked_for_nowhere_here(tmp_path: Path) -> None:
    """The whole way from the words to the record: what the proxy is asked for is the name, and that is all there is."""
    proxy = HonestSocks(names={"target.lab": "127.0.0.1"})
    async with serve(accepting) as port, serve(proxy.server) as at:
        path = write_config(
            tmp_path, {"lab": service("lab", f"target.lab:{port}", every="10s")}, EXIT.format(at, REMOTE)
        )
        laid = prepare(path)
        chosen = [*wanted(laid, ["lab"], None, "exit"), *wanted(laid, [f"target.lab:{port}"], None, "exit")]
        assert [item.series.family for item in chosen] == ["any", "any"]
        records = [record async for record in measure(laid, chosen, SystemClock()) if record]
    assert [record.failure for record in records] == [None, None]
    assert proxy.asked == [("target.lab", port)] * 2
    assert {record.facts.address for record in records} == {"target.lab"}


async def test_an_address_behind_a_proxy_keeps_its_family(tmp_path: Path) -> None:
    laid = prepare(write_config(tmp_path, {"lab": service("lab", "127.0.0.1:9")}, EXIT.format(9, REMOTE)))
    assert [item.series.family for item in wanted(laid, ["192.0.2.1:443"], None, "exit")] == ["ipv4"]


REMOTE = "remote_names = true"
