"""A real InfluxDB 2.x server for tests and benches: found, started on a free port, killed, stopped and asked."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from daemon.sinks.destination import Destination

VERSION = "v2.9.1"
TOKEN = "a-token-for-tests"
ORG = "lab"
MISSING = "no InfluxDB 2.x server: run tests/tools/build_influxd.sh (7 to 10 minutes once), or set INFLUXD_BIN"


def find() -> Path | None:
    """INFLUXD_BIN, else `influxd` on PATH if it is version 2, else what build_influxd.sh left in the user's cache."""
    named = os.environ.get("INFLUXD_BIN")
    if named:
        return Path(named)
    on_path = shutil.which("influxd")
    if on_path and _version(on_path).startswith("InfluxDB v2"):
        return Path(on_path)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "reachd" / f"influxd-{VERSION}"
    return built if built.exists() else None


def _version(binary: str) -> str:
    return subprocess.run([binary, "version"], capture_output=True, text=True, timeout=20, check=False).stdout


class Influxd:
    """One server with its data in a folder; `start` after `kill` finds the data again."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary = binary
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.org = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.buckets = 0

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self.process is not None:
            return
        folder = self.folder
        where = [
            f"--bolt-path={folder / 'bolt'}",
            f"--sqlite-path={folder / 'sqlite'}",
            f"--engine-path={folder / 'data'}",
        ]
        quiet = ["--reporting-disabled", "--ui-disabled", "--log-level=error", "--no-tasks"]
        command = [str(self.binary), f"--http-bind-address=127.0.0.1:{self.port}", *where, *quiet]
        environment = os.environ | {"INFLUXD_CONFIG_PATH": str(folder)}
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._until_ready()
        if not self.org:
            self._set_up()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def freeze(self) -> None:
        """SIGSTOP: connections are accepted by the kernel, nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def make_bucket(self, name: str = "", keep: int = 0) -> str:
        """Make a bucket that keeps points for so many seconds (0: for ever; a server takes no less than an hour)."""
        self.buckets += 1
        name = name or f"bucket{self.buckets}"
        rules = [{"type": "expire", "everySeconds": keep}]
        self.call("POST", "/api/v2/buckets", {"name": name, "orgID": self.org, "retentionRules": rules})
        return name

    def write_only_token(self, bucket: str) -> str:
        """A token that may write to one bucket and see nothing."""
        found = self.call("GET", f"/api/v2/buckets?name={bucket}&orgID={self.org}")["buckets"][0]["id"]
        right = {"action": "write", "resource": {"type": "buckets", "id": found, "orgID": self.org}}
        token: str = self.call("POST", "/api/v2/authorizations", {"orgID": self.org, "permissions": [right]})["token"]
        return token

    def destination(self, bucket: str, **changes: str) -> Destination:
        return Destination(**({"url": self.url, "org": ORG, "bucket": bucket, "token": TOKEN} | changes))

    def write(self, bucket: str, text: str) -> None:
        """Write line protocol as another program would."""
        where = urlencode({"org": ORG, "bucket": bucket, "precision": "ns"})
        self.call("POST", f"/api/v2/write?{where}", text.encode())

    def query(self, bucket: str, influxql: str) -> list[dict[str, Any]]:
        """The rows of an InfluxQL query, tags of the grouping included; times in nanoseconds."""
        answer = self.call("GET", "/query?" + urlencode({"db": bucket, "q": influxql, "epoch": "ns"}))
        series = answer["results"][0].get("series", [])
        assert "error" not in answer["results"][0], answer
        return [
            one.get("tags", {}) | dict(zip(one["columns"], row, strict=True)) for one in series for row in one["values"]
        ]

    def count(self, bucket: str, measurement: str = "probe_result", field: str = "success") -> int:
        rows = self.query(bucket, f"SELECT count({field}) FROM {measurement}")  # noqa: S608  names of ours
        return int(rows[0]["count"]) if rows else 0

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  http to loopback
            self.url + path, data, {"Authorization": f"Token {TOKEN}"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  the same
                text = answer.read()
        except urllib.error.HTTPError as fault:
            with fault:
                raise AssertionError(f"{method} {path}: {fault.code} {fault.read().decode()}") from fault
        return json.loads(text) if text else None

    def _set_up(self) -> None:
        wish = {"username": "lab", "password": "only-for-tests", "org": ORG, "bucket": "first", "token": TOKEN}
        self.org = self.call("POST", "/api/v2/setup", wish)["org"]["id"]

    def _until_ready(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, f"influxd ended: {(self.folder / 'log').read_text()[-2000:]}"
            try:
                if self.call("GET", "/ready")["status"] == "ready":
                    return
            except (OSError, AssertionError):
                time.sleep(0.02)
        raise AssertionError("influxd did not get ready in 30 s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def influxd_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    binary = find()
    if binary is None:
        pytest.skip(MISSING)
    server = Influxd(binary, tmp_path_factory.mktemp("influxd"))
    yield server
    if server.process is not None:
        server.thaw()
        server.kill()


@pytest.fixture
def influxd(influxd_session: Influxd) -> Iterator[Influxd]:
    """The server, running; whatever a test did to it is undone by the next one's start."""
    influxd_session.start()
    yield influxd_session
    if influxd_session.process is not None:
        influxd_session.thaw()


@pytest.fixture
def bucket(influxd: Influxd) -> str:
    """A bucket of the test's own."""
    return influxd.make_bucket()
