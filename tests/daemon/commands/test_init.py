"""`reachd init`: a file that passes check, and never one that is lost."""

import re
from pathlib import Path

import pytest

from config.document import starter
from daemon.commands.check import check
from daemon.commands.init import init
from daemon.commands.plan import plan
from tests.lab.certificates import authority


def test_what_it_writes_passes_check_and_plan(tmp_path: Path, said) -> None:
    path = tmp_path / "reachd.toml"
    assert init(path, force=False) == 0
    out, err = said()
    assert err == ""
    for command in ("check", "plan", "run"):
        assert f"  reachd {command} --config {path}\n" in out
    assert check(path, json=False) == 0
    assert plan(path, json=False) == 0


def test_a_file_that_is_there_stays(tmp_path: Path, said) -> None:
    path = tmp_path / "reachd.toml"
    path.write_text("mine")
    assert init(path, force=False) == 2
    assert said()[1] == f"reachd: {path} is there already; choose another name, or replace it with --force\n"
    assert path.read_text() == "mine"


def test_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "reachd.toml"
    path.write_text("mine")
    assert init(path, force=True) == 0
    assert path.read_text(encoding="utf-8") == starter()


@pytest.mark.parametrize(("name", "words"), [("none/reachd.toml", "No such file or directory"), ("", "Is a directory")])
def test_where_nothing_can_be_written(tmp_path: Path, said, name: str, words: str) -> None:
    assert init(tmp_path / name, force=True) == 2
    assert said()[1] == f"reachd: {tmp_path / name} cannot be written: {words}\n"


def test_every_key_that_is_shown_can_be_used(tmp_path: Path, said, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commented keys are examples that a reader will uncomment: each must be right."""
    monkeypatch.setenv("INFLUXDB_TOKEN", "t")
    monkeypatch.setenv("DESK_SECRET", "s")
    monkeypatch.setenv("PAGE_TOKEN", "p")
    monkeypatch.setenv("EXIT_PASSWORD", "e")
    begun = [line.removeprefix("# ") if shown(line) else line for line in starter().splitlines()]
    (tmp_path / "store.pem").write_bytes(authority().cert_pem.bytes())
    path = tmp_path / "reachd.toml"
    path.write_text("\n".join(begun))
    assert check(path, json=False) == 0, said()[1]


def shown(line: str) -> bool:
    """A comment that is a key or a section."""
    return re.match(r"# (\[|\w+ = )", line) is not None
