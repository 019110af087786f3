"""`reachd alerts test`: sends a signed message now, says what came back, and never shows a secret."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.commands.alerts import send_test
from tests.lab import receiver as lab
from tests.lab.daemons import command, one_service
from tests.lab.receiver import SECRET, Receiver, receiving
from tests.lab.servers import closed_port

DESK = '\n[alerts.desk]\ntype = "webhook"\nurl = "{url}"\nsecret = {{ env = "HOOK" }}\n'


@contextmanager
def listening(*script: lab.Script) -> Iterator[Receiver]:
    """A receiver in a thread of its own: the command has a loop of its own."""
    hook = Receiver(script=list(script))
    loop, ready = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        async with receiving(hook):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield hook
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)


def config(folder: Path, url: str) -> Path:
    return one_service(folder, "127.0.0.1:9", more=DESK.format(url=url))


def test_a_receiver_that_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as hook:
        assert send_test(config(tmp_path, hook.url), "desk") == 0
    out, err = capsys.readouterr()
    assert "alert desk" in out
    assert "200" in out
    assert err == ""
    assert [body["transition"] for body in hook.taken] == ["test"]


def test_a_receiver_that_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listening(lab.says(403, f"\x1b[2Jnot you {SECRET}")) as hook:
        assert send_test(config(tmp_path, hook.url), "desk") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "403" in err
    assert "not you" in err
    assert SECRET not in err
    assert "\x1b" not in err


def test_nobody_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert send_test(config(tmp_path, f"http://127.0.0.1:{closed_port()}/hook/x"), "desk") == 1
    assert "127.0.0.1" in capsys.readouterr().err


def test_a_name_that_nobody_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert send_test(config(tmp_path, "http://127.0.0.1:9/hook/x"), "dask") == 2
    assert "did you mean desk" in capsys.readouterr().err
    assert send_test(one_service(tmp_path, "127.0.0.1:9"), "desk") == 2
    assert "add [alerts.NAME]" in capsys.readouterr().err


def test_a_configuration_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = config(tmp_path, "ftp://127.0.0.1/")
    assert send_test(broken, "desk") == 2
    assert "alerts.desk.url" in capsys.readouterr().err


def test_as_a_user_types_it(tmp_path: Path) -> None:
    with listening() as hook:
        path = config(tmp_path, hook.url)
        done = command("alerts", "test", "desk", "--config", str(path), folder=tmp_path, env={"HOOK": SECRET})
    assert done.returncode == 0, done.stderr
    assert "200" in done.stdout
    assert len(hook.taken) == 1
