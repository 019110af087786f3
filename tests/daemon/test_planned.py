"""From a file to what runs: vantages, a plan for the families they have, own rates, and the row that tells of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.document import load
from config.faults import ConfigError
from daemon.limits import Rate
from daemon.planned import build, owner, plan_row, prepare, prepared, validated
from daemon.rows import Place, Planned
from tests.lab.daemons import one_service, service, write_config

MODEM = """
[vantages.modem]
type = "source"
address = "127.0.0.7"
resolver = "127.0.0.53"
consent = "mine"
"""
NARROW = """
[[limits]]
addresses = ["127.0.9.0/24"]
every = "2s"
burst = 3
consent = "mine"
"""


class OnlyOld:
    """A vantage without IPv6."""

    carries = frozenset({"tcp", "udp"})

    def families(self) -> frozenset[str]:
        return frozenset({"ipv4"})


def test_all_that_follows_from_a_file(tmp_path: Path) -> None:
    now = prepare(one_service(tmp_path, "127.0.0.1:9", more=MODEM))
    assert set(now.vantages) == set(now.families) == {"here", "modem"}
    assert now.families["modem"] == frozenset({"ipv4"})
    assert [item.series.vantage for item in now.plan.assignments] == ["here", "modem"]
    assert now.document.journal == tmp_path / "journal.db"


def test_preparing_opens_no_journal(tmp_path: Path) -> None:
    prepare(one_service(tmp_path, "127.0.0.1:9"))
    assert {path.name for path in tmp_path.iterdir()} == {"reachd.toml", "lab.toml"}


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    config = write_config(
        tmp_path, {"one": service("one", "nonsense"), "two": service("two", "127.0.0.1:9", every="x")}
    )
    with pytest.raises(ConfigError) as caught:
        prepare(config)
    assert {Path(fault.origin.file).name for fault in caught.value.faults} == {"one.toml", "two.toml"}


def test_what_breaks_a_limit_is_refused_before_anything_starts(tmp_path: Path) -> None:
    config = one_service(tmp_path, "192.0.2.1:443", every="2s")
    for read in (prepare, validated):
        with pytest.raises(ConfigError, match="the limit is 4 at once, then one every 10s"):
            read(config)


def test_a_plan_for_the_check_does_not_depend_on_this_machine(tmp_path: Path) -> None:
    text = service("lab", "lab.test:9", every="30s") + 'families = ["ipv4", "ipv6"]\n'
    _document, laid = validated(write_config(tmp_path, {"lab": text}))
    assert [item.series.family for item in laid.assignments] == ["ipv4", "ipv6"]


def test_the_shipped_example_runs_where_nothing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    now = prepare(None)
    assert {"whatsapp", "max", "controls"} <= {item.series.service for item in now.plan.assignments}
    assert now.document.journal.is_relative_to(tmp_path)


def test_what_a_vantage_lacks_is_not_planned(tmp_path: Path) -> None:
    text = service("lab", "lab.test:9") + 'families = ["ipv4", "ipv6"]\n'
    document = load(write_config(tmp_path, {"lab": text}))
    now = prepared(document, {"here": OnlyOld()})  # type: ignore[dict-item]
    assert [item.series.family for item in now.plan.assignments] == ["ipv4"]
    assert any("here has no IPv6 now: 1 series wait for it" in notice for notice in now.plan.notices)


def test_the_contexts_for_resolvers_over_tls_are_made_before_anything_is_measured(tmp_path: Path) -> None:
    config = one_service(tmp_path, "lab.test:9", every="30s")
    plain = prepare(config).trust
    config.write_text(
        config.read_text().replace("type =", 'resolver = "https://192.0.2.7/dns-query#dns.test"\ntype =', 1)
    )
    over_tls = prepare(config).trust
    assert plain._contexts.keys() == set()
    assert over_tls._contexts.keys() == {("public", ("http/1.1",))}


def test_given_vantages_are_kept(tmp_path: Path) -> None:
    document = load(one_service(tmp_path, "127.0.0.1:9"))
    vantages = {"here": OnlyOld()}
    assert prepared(document, vantages).vantages is vantages  # type: ignore[arg-type, comparison-overlap]


def test_a_vantage_type_that_vanished_is_our_own_bug(tmp_path: Path) -> None:
    (setting,) = load(one_service(tmp_path, "127.0.0.1:9")).vantages
    with pytest.raises(LookupError, match="passed the check and does not exist"):
        build(replace(setting, type="carrier-pigeon"))


def test_the_narrowest_own_network_gives_the_rate(tmp_path: Path) -> None:
    rate = owner(load(one_service(tmp_path, "127.0.0.1:9", more=NARROW)))
    assert rate("127.0.9.9") == Rate(2.0, 3)
    assert rate("127.0.0.1") == Rate(0.1, 200)
    assert rate("::1") == Rate(0.1, 200)
    assert rate("192.0.2.1") is None


def test_the_plan_row_says_all_that_a_reader_of_the_journal_needs(tmp_path: Path) -> None:
    now = prepare(one_service(tmp_path, "127.0.0.1:9", more='\n[detect]\nflash = "5s"\n', every="30s", timeout="4s"))
    row = plan_row(now, ("something",))
    (item,) = now.plan.assignments
    assert row.assignments == (Planned(item.series, 30, item.offset, 4.0, item.config),)
    assert row.vantages == {"here": Place("RU", 64500)}
    assert row.services == {"lab": "foreign"}
    assert (row.changed, row.flash, row.config) == (("something",), 5.0, now.plan.config)


def test_the_same_file_gives_the_same_plan_row(tmp_path: Path) -> None:
    config = one_service(tmp_path, "127.0.0.1:9", "127.0.0.1:10", more=MODEM)
    assert plan_row(prepare(config)) == plan_row(prepare(config))
