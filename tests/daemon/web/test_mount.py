"""The page beside a real daemon: there while it measures, gone with it, and refused in a sentence."""

import json
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.sections import Web
from daemon.commands.run import run
from daemon.web import mount
from tests.lab.daemons import answering_port, measuring, one_service, soon


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own page on loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def test_a_place_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, ExitStack() as closing:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(mount.PageRefused) as refused:
            mount.bind(Web(listen=where), closing)
        assert f"[web] listen = '{where}'" in str(refused.value)


def test_any_free_port_will_do() -> None:
    with ExitStack() as closing:
        page = mount.bind(Web(listen="127.0.0.1:0"), closing)
        assert page.sock.getsockname()[1] > 0


def test_a_daemon_whose_page_cannot_listen_does_not_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        page = f'[web]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n'
        assert run(one_service(tmp_path, "127.0.0.1:9", more=page), "text") == 2
    assert "[web] listen" in capsys.readouterr().err


def test_a_running_daemon_shows_what_it_measures(tmp_path: Path) -> None:
    port = free_port()
    with answering_port() as target:
        config = one_service(tmp_path, f"127.0.0.1:{target}", more=f'[web]\nlisten = "127.0.0.1:{port}"\n')
        with measuring(config):
            soon(lambda: '"ok": true' in get(f"http://127.0.0.1:{port}/api/v1/series")[1])
            assert get(f"http://127.0.0.1:{port}/-/ready") == (200, "ok\n")
            (service,) = json.loads(get(f"http://127.0.0.1:{port}/api/v1/services")[1])["services"]
            assert (service["title"], service["vantages"][0]["vantage"]) == ("Lab", "here")
            assert "reachd" in get(f"http://127.0.0.1:{port}/metrics")[1]
            assert "running" in get(f"http://127.0.0.1:{port}/daemon")[1]
        with pytest.raises(urllib.error.URLError):
            get(f"http://127.0.0.1:{port}/")


def test_with_a_token_others_see_nothing(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "token").write_text("correct horse\n")
    page = f'[web]\nlisten = "127.0.0.1:{port}"\ntoken = {{ file = "token" }}\n'
    with answering_port() as target, measuring(one_service(tmp_path, f"127.0.0.1:{target}", more=page)):
        soon(lambda: get(f"http://127.0.0.1:{port}/-/healthy")[0] == 200)
        assert get(f"http://127.0.0.1:{port}/")[0] == 401
        assert get(f"http://127.0.0.1:{port}/metrics")[0] == 401
