"""A real Prometheus on loopback that scrapes one target each second, its data in a folder of the test."""

import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.daemons import soon
from tests.lab.servers import closed_port

CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: reachd
    static_configs: [{{targets: ["{target}"]}}]
    authorization: {{credentials: "{token}"}}
"""


def get(url: str, headers: Mapping[str, str] | None = None) -> str:
    """The body of a page. Raises OSError if there is none."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310  loopback, http only
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  as above
        return str(answer.read().decode())


def check(text: str) -> str:
    """What `promtool check metrics` has to say against a text; empty if it is content."""
    found = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    said = found.stdout + found.stderr
    return said or ("" if found.returncode == 0 else f"exit code {found.returncode}")


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that runs."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The vector that an expression gives now."""
        answer = get(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        result: list[dict[str, Any]] = json.loads(answer)["data"]["result"]
        return result

    def values(self, expression: str, label: str) -> dict[str, float]:
        """The same as numbers by one label."""
        return {one["metric"].get(label, ""): float(one["value"][1]) for one in self.query(expression)}

    def target(self) -> dict[str, Any]:
        """What it thinks of its target: health, the last error; nothing before its first look."""
        targets = json.loads(get(f"{self.url}/api/v1/targets"))["data"]["activeTargets"]
        return dict(targets[0]) if targets else {}

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        try:
            get(f"{self.url}/-/ready")
        except OSError:
            return False
        return True


@contextmanager
def prometheus(folder: Path, target: str, token: str) -> Iterator[Prometheus]:
    """Run one; killed at the end."""
    (folder / "prometheus.yml").write_text(CONFIG.format(target=target, token=token))
    server = Prometheus(f"http://127.0.0.1:{closed_port()}")
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={server.url.removeprefix('http://')}",
    ]
    with (folder / "prometheus.log").open("wb") as log, ExitStack() as closing:
        process = subprocess.Popen(command, stderr=log, stdout=log, env={**os.environ, "GOMAXPROCS": "1"})
        closing.callback(process.wait)
        closing.callback(process.kill)
        soon(lambda: server.is_ready() or process.poll() is not None)
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        yield server
