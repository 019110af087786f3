"""Vantages of the design that nothing is measured from yet: accepted, checked, and told as such."""

from pathlib import Path

import pytest

from config.document import load
from config.faults import ConfigError

BEGIN = """
services = ["controls"]
[vantages.home]
type = "direct"
country = "RU"
asn = 12389
consent = "my own line"
"""
EXIT = """
[vantages.exit]
type = "socks5"
address = "192.0.2.7:1080"
user = "r"
password = { file = "secret" }
country = "NL"
asn = 1103
consent = "my own server"
"""
LAB = """
[vantages.lab]
type = "netns"
netns = "lab"
resolver = "195.208.4.1"
consent = "my own machine"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "secret").write_text("hush")
    path = folder / "reachd.toml"
    path.write_text(BEGIN + text)
    return path


@pytest.mark.parametrize(("text", "name", "kind"), [(EXIT, "exit", "socks5"), (LAB, "lab", "netns")])
def test_it_is_accepted_and_said_to_have_no_effect(tmp_path: Path, text: str, name: str, kind: str) -> None:
    document = load(written(tmp_path, text))
    assert [setting.name for setting in document.vantages] == ["home"]
    (notice,) = document.notices
    assert f"vantages.{name}.type: has no effect yet: vantages of type {kind} come later" in notice
    assert "hush" not in notice


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('user = "r"', 'usr = "r"'), "vantages.exit.usr: is not known here; did you mean user"),
        (('consent = "my own server"', 'consent = ""'), "vantages.exit.consent: must not be empty"),
        (('address = "192.0.2.7:1080"\n', ""), "vantages.exit.address"),
    ],
)
def test_its_mistakes_are_told_all_the_same(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(written(tmp_path, EXIT.replace(*change)))
    assert said in str(error.value)


def test_a_service_may_wait_for_such_a_vantage(tmp_path: Path) -> None:
    path = written(tmp_path, 'services = ["controls"]\n' + EXIT)
    path.write_text(path.read_text().replace('["controls"]', '["controls", "signal"]', 1))
    document = load(path)
    assert [service.name for service in document.services] == ["controls", "signal"]
