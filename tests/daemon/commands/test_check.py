"""`reachd check`: every mistake at once with its place, for people and for programs."""

import json
from importlib import metadata
from pathlib import Path

import pytest

from daemon.commands.check import check, extent
from daemon.planned import validated
from tests.lab.daemons import one_service, service, write_config


def test_a_good_configuration(tmp_path: Path, said) -> None:
    config = one_service(tmp_path, "127.0.0.1:9", "127.0.0.1:10")
    assert check(config, json=False) == 0
    assert said() == (f"{config}: good: 2 series from 1 vantage\n", "")


def test_the_shipped_example_is_good(said) -> None:
    assert check(None, json=False) == 0
    assert "example.toml: good: " in said()[0]


def test_many_vantages_are_vantages(tmp_path: Path) -> None:
    second = '\n[vantages.b]\ntype = "direct"\nconsent = "mine"\n'
    assert extent(validated(one_service(tmp_path, "127.0.0.1:9", more=second))[1]) == "2 series from 2 vantages"


def test_mistakes_of_all_files_stand_on_stderr_with_their_count(tmp_path: Path, said) -> None:
    wrong = {"one": service("one", "nonsense"), "two": service("two", "127.0.0.1:9", every="x")}
    assert check(write_config(tmp_path, wrong), json=False) == 2
    out, err = said()
    lines = err.splitlines()
    assert out == ""
    assert lines[0].startswith(f"{tmp_path / 'one.toml'}:8: endpoints[0].target: ")
    assert lines[1].startswith(f"{tmp_path / 'two.toml'}:9: endpoints[0].every: ")
    assert lines[2] == "2 mistakes; nothing was started"


def test_one_mistake_is_a_mistake(tmp_path: Path, said) -> None:
    assert check(one_service(tmp_path, "nonsense"), json=False) == 2
    assert said()[1].splitlines()[-1] == "1 mistake; nothing was started"


def test_a_long_line_is_not_broken(tmp_path: Path, said) -> None:
    folder = tmp_path / ("deep" * 40)
    folder.mkdir()
    assert check(one_service(folder, "nonsense"), json=False) == 2
    assert len(said()[1].splitlines()) == 2


def test_what_breaks_the_limits_is_a_mistake(tmp_path: Path, said) -> None:
    assert check(one_service(tmp_path, "192.0.2.1:443", every="2s"), json=False) == 2
    assert "lab.toml:5: " in (err := said()[1])
    assert "every = '10s' or more" in err


def test_for_programs(tmp_path: Path, said) -> None:
    config = one_service(tmp_path, "nonsense")
    assert check(config, json=True) == 2
    out, err = said()
    (fault,) = json.loads(out)["faults"]
    assert (fault["file"], fault["line"], fault["key"]) == (str(tmp_path / "lab.toml"), 8, "endpoints[0].target")
    assert "nonsense" in fault["what"]
    assert err == ""
    one_service(tmp_path, "127.0.0.1:9", more='\n[detect]\nfalse_events = "1 per 9 vantage-months"\n')
    assert check(config, json=True) == 0
    good = json.loads(said()[0])
    assert (good["file"], good["faults"]) == (str(config), [])
    assert any("has no effect yet" in notice for notice in good["notices"])


def test_another_owner_of_our_package_names_is_told(tmp_path: Path, said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"config": ["reachd", "python-config"]})
    assert check(one_service(tmp_path, "127.0.0.1:9"), json=False) == 0
    assert "note: packages: also owned by others: config (python-config)" in said()[1]
