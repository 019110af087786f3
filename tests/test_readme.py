"""What the README shows can be typed and loaded: every TOML block, every command, every make target, every link."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.document import load
from daemon.cli import app
from daemon.planned import validated

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(path for path in ROOT.glob("*.md"))
ABOVE = 'services = ["controls"]\n[vantages.home]\ntype = "direct"\nconsent = "mine"\n'


def toml_blocks() -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    """Indented lines that begin with make or reachd, without their comment, and the same in backticks."""
    typed = re.findall(r"^    (?=make|\.venv/bin/reachd|reachd)([^#\n]+)", README, re.MULTILINE)
    return [line.strip() for line in (*typed, *re.findall(r"`((?:make|reachd) [^`]+)`", README))]


def reachd_lines() -> list[str]:
    """What reaches the command line: typed as such, or as ARGS of make run and make demo."""
    found = []
    for line in shell_lines():
        words = shlex.split(line)
        if words[0] != "make":
            found.append(shlex.join(words[1:]))
        elif words[1] in {"run", "demo"}:
            found.append(" ".join([words[1], *(word.removeprefix("ARGS=") for word in words[2:])]))
    return found


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_there_is_something_to_test() -> None:
    assert toml_blocks()
    assert len(shell_lines()) >= 10


@pytest.mark.parametrize("number", range(len(toml_blocks())))
def test_every_toml_block_is_a_right_configuration(number: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN", "t0ken")
    text = toml_blocks()[number]
    (tmp_path / "reachd.toml").write_text(text if "services" in text else ABOVE + text)
    _document, laid = validated(tmp_path / "reachd.toml")
    assert laid.assignments


@pytest.mark.parametrize("line", shell_lines())
def test_every_make_target_exists(line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        assert words[1] in targets()
        assert all(word.startswith("ARGS=") for word in words[2:])


@pytest.mark.parametrize("line", reachd_lines())
def test_every_command_is_understood(line: str) -> None:
    """`--help` behind it reads all that stands before and does nothing."""
    name, *options = line.split()
    result = CliRunner().invoke(app, [name, *options, "--help"])
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    assert all(option in shown for option in options if option.startswith("--"))


def shipped() -> list[Path]:
    return sorted((ROOT / "config").rglob("*.toml"))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_toml_is_right(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    if path.parent.name == "services":
        main = tmp_path / "reachd.toml"
        main.write_text(ABOVE.replace('"controls"', f'"{path.stem}"'))
        (service,) = load(main).services
        assert service.name == path.stem
        path = main
    _document, laid = validated(path)
    assert laid.assignments


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


def test_the_readme_names_every_service_that_the_example_measures() -> None:
    names = {service.name for service in load(None).services}
    said = README.lower()
    assert {name for name in names if name.removesuffix("s") not in said} == set()
