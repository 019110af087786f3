"""The command socket: who may ask, what comes back, and what is refused."""
# ruff: noqa: ASYNC240  a look at a file of the test's own folder blocks nothing

import asyncio
import json
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from daemon import orders
from daemon.orders import LONGEST, NoAnswer, ask, serve, socket_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return socket_of(tmp_path / "journal.db")


async def echo(request: dict[str, Any]) -> dict[str, Any]:
    return {"heard": request}


@pytest.fixture
async def served(path: Path) -> AsyncIterator[Path]:
    async with serve(path, echo):
        yield path


def asked(path: Path, request: dict[str, Any], timeout: float = 5.0) -> "asyncio.Future[dict[str, Any]]":
    return asyncio.get_running_loop().run_in_executor(None, ask, path, request, timeout)


async def raw(path: Path, sent: bytes) -> Any:
    """What comes back for bytes that our own client would never send."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(sent)
    if writer.can_write_eof():
        writer.write_eof()
    try:
        return json.loads(await reader.readline())
    finally:
        writer.close()
        await writer.wait_closed()


def test_the_socket_stands_beside_the_journal() -> None:
    assert socket_of(Path("data/journal.db")) == Path("data/journal.db.sock")


async def test_a_request_gets_its_answer(served: Path) -> None:
    assert await asked(served, {"command": "status", "deep": [1, None, "ж"]}) == {
        "heard": {"command": "status", "deep": [1, None, "ж"]}
    }


async def test_requests_are_answered_side_by_side(path: Path) -> None:
    both = asyncio.Barrier(2)

    async def meet(request: dict[str, Any]) -> dict[str, Any]:
        await both.wait()
        return request

    async with serve(path, meet):
        replies = await asyncio.gather(asked(path, {"a": 1}), asked(path, {"b": 2}))
    assert list(replies) == [{"a": 1}, {"b": 2}]


async def test_only_the_owner_may_open_the_socket(served: Path) -> None:
    assert stat.S_IMODE(served.stat().st_mode) == 0o600


async def test_another_user_is_refused(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_user_of", lambda _connection: 65_534)
    assert "from the user it runs as" in (await asked(served, {"command": "pause"}))["error"]


async def test_root_may_ask_the_daemon_of_another_user(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_user_of", lambda _connection: 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert await asked(served, {"command": "status"}) == {"heard": {"command": "status"}}


def test_the_kernel_says_who_asks() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert orders._user_of(ours) == os.geteuid()
        assert struct.calcsize("3i") == 12


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"status\n", "no JSON line"),
        (b"\xff\xfe\n", "no JSON line"),
        (b"", "no JSON line"),
        (b"[" * 60_000 + b"\n", "no JSON line"),
        (b'["status"]\n', "no JSON object"),
        (b"null\n", "no JSON object"),
    ],
)
async def test_a_malformed_request_is_told_what_is_wrong(served: Path, sent: bytes, words: str) -> None:
    assert words in (await raw(served, sent))["error"]


async def test_a_bug_in_an_answer_stops_nothing(path: Path) -> None:
    shown: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: shown.append(context))

    async def half_broken(request: dict[str, Any]) -> dict[str, Any]:
        return {"found": request["wanted"]}

    async with serve(path, half_broken):
        with pytest.raises(NoAnswer, match="its log says why"):
            await asked(path, {})
        assert await asked(path, {"wanted": 1}) == {"found": 1}
    assert [type(context["exception"]) for context in shown] == [KeyError]


async def test_an_oversized_request_is_refused(served: Path) -> None:
    reply = await raw(served, json.dumps({"text": "x" * (LONGEST + 1)}).encode() + b"\n")
    assert reply == {"error": f"the request is longer than {LONGEST} bytes"}


async def test_a_client_that_says_nothing_is_not_waited_for(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "PATIENCE", 0.05)
    reader, writer = await asyncio.open_unix_connection(str(served))
    assert "no request came" in json.loads(await reader.readline())["error"]
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_leaves_disturbs_nobody(path: Path) -> None:
    called, go = asyncio.Event(), asyncio.Event()

    async def slow(request: dict[str, Any]) -> dict[str, Any]:
        called.set()
        await go.wait()
        return {"long": "x" * 1_000_000, **request}

    async with serve(path, slow):
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"{}\n")
        await called.wait()
        writer.transport.abort()
        go.set()
        assert (await asked(path, {"again": 1}))["again"] == 1


async def test_the_stale_socket_of_a_killed_daemon_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with serve(path, echo):
        assert await asked(path, {"a": 1}) == {"heard": {"a": 1}}
    assert not path.exists()


async def test_a_file_in_the_way_is_left_alone(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="move it away"):
        async with serve(path, echo):
            pass
    assert path.read_text() == "mine"


async def test_a_folder_that_others_can_write_is_refused(path: Path) -> None:
    path.parent.chmod(0o777)
    with pytest.raises(PermissionError, match="chmod o-w"):
        async with serve(path, echo):
            pass
    path.parent.chmod(0o1777)  # as /tmp: others cannot replace what is ours
    async with serve(path, echo):
        assert path.exists()


async def test_a_path_longer_than_an_address(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    path = socket_of(deep / "journal.db")
    async with serve(path, echo):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await asked(path, {"a": 1}) == {"heard": {"a": 1}}
    assert not path.exists()


async def test_the_socket_is_gone_with_the_daemon(path: Path) -> None:
    async with serve(path, echo):
        pass
    with pytest.raises(NoAnswer, match="no daemon runs on this journal"):
        ask(path, {"command": "status"})


async def test_a_connection_left_open_does_not_hold_up_the_stop(path: Path) -> None:
    async with serve(path, echo):
        _, writer = await asyncio.open_unix_connection(str(path))
    writer.close()
    await writer.wait_closed()


async def test_a_killed_daemon_is_no_daemon(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(NoAnswer, match="start one with `reachd run`"):
        ask(path, {"command": "status"})


async def test_a_daemon_that_does_not_answer_in_time(path: Path) -> None:
    async def never(_request: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(30)
        return {}

    async with serve(path, never):
        with pytest.raises(NoAnswer, match=r"within 0\.05 s"):
            await asked(path, {"command": "status"}, 0.05)


@pytest.mark.parametrize("sent", [b"", b"nonsense\n", b"[1]\n"])
async def test_an_answer_that_is_none(path: Path, sent: bytes) -> None:
    async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(sent)
        writer.close()

    server = await asyncio.start_unix_server(wrong, str(path))
    with pytest.raises(NoAnswer, match="its log says why"):
        await asked(path, {"command": "status"})
    server.close()
    await server.wait_closed()
