"""docs/prometheus.md: its configuration and rules load in Prometheus's own tools, and name only what there is."""

import re
import subprocess
from pathlib import Path

import pytest

from daemon.web.metrics import names

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "prometheus.md").read_text(encoding="utf-8")
SCRAPE, RULES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.prometheus
def test_the_scrape_configuration_loads(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(SCRAPE)
    (tmp_path / "page-token").write_text("secret")
    found = promtool("check", "config", "prometheus.yml", folder=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.prometheus
def test_the_rules_load(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    found = promtool("check", "rules", "rules.yml", folder=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"{RULES.count('- alert:')} rules found" in found.stdout


def test_every_metric_it_names_exists() -> None:
    told = {name for name, *_ in names()}
    named = {name.removesuffix("_bucket") for name in re.findall(r"\b(?:reachd|probe)_[a-z_]+", PAGE)}
    assert len(named) > 10
    assert named <= told
