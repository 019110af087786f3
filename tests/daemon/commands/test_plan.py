"""`reachd plan`: what would run, what it costs, and what is refused."""

import json
from pathlib import Path

import pytest

from daemon.commands.plan import in_bytes, plan
from tests.lab.daemons import one_service, service, write_config


def test_a_line_for_each_target_and_the_sum(tmp_path: Path, said) -> None:
    services = {
        "lab": service("lab", "127.0.0.1:9", every="10s"),
        "clear": service("clear", "127.0.0.1:10", every="20s"),
    }
    assert plan(write_config(tmp_path, services), json=False) == 0
    out, err = said()
    lines = out.splitlines()
    assert lines[0].split() == ["service", "role", "endpoint", "probe", "every", "series", "traffic", "a", "day"]
    assert lines[1].split()[:7] == ["clear", "site", "127.0.0.1:10", "tcp", "20", "s", "1"]
    assert lines[2].split()[:7] == ["lab", "site", "127.0.0.1:9", "tcp", "10", "s", "1"]
    assert "2 series from 1 vantage: 0.15 probes/s" in out
    assert "journal: " in out
    assert "InfluxDB: " in out
    assert err == ""


def test_for_programs(tmp_path: Path, said) -> None:
    config = one_service(tmp_path, "127.0.0.1:9", every="10s")
    assert plan(config, json=True) == 0
    found = json.loads(said()[0])
    assert found["file"] == str(config)
    assert found["probes_per_second"] == pytest.approx(0.1)
    (target,) = found["targets"]
    assert (target["service"], target["endpoint"], target["every"], target["series"]) == ("lab", "127.0.0.1:9", 10, 1)
    assert found["influx_series"] >= 1
    assert found["bytes_per_day"] == target["bytes_per_day"] > 0


def test_notices_stand_on_stderr(tmp_path: Path, said) -> None:
    without_effect = '\n[detect]\nfalse_events = "1 per 9 vantage-months"\n'
    assert plan(one_service(tmp_path, "127.0.0.1:9", more=without_effect), json=False) == 0
    assert "has no effect yet" in said()[1]


def test_what_breaks_a_limit_is_refused_with_endpoint_and_remedy(tmp_path: Path, said) -> None:
    assert plan(one_service(tmp_path, "192.0.2.1:443", every="2s"), json=False) == 2
    out, err = said()
    assert out == ""
    assert "192.0.2.1:443 connects to 192.0.2.1 from here 0.5 times a second" in err
    assert "write every = '10s' or more, or list the address under [[limits]]" in err


def test_a_mistake_is_refused(tmp_path: Path, said) -> None:
    assert plan(one_service(tmp_path, "nonsense"), json=True) == 2
    assert said()[0] == ""


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_500_000, "1.5 MB"), (20e9, "20.0 GB"), (3e15, "3000.0 TB")],
)
def test_bytes_for_people(number: float, words: str) -> None:
    assert in_bytes(number) == words
