"""With a socket that answers as the daemon would."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from daemon import orders
from daemon.commands.pause import pause
from daemon.commands.reload import reload
from daemon.commands.running import ordered


@contextmanager
def daemon(journal, replies):
    """Serves replies on the socket of a journal, in a thread of its own; gives the requests that came."""
    asked, ready, loop = [], threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def answer(request):
        asked.append(request)
        return replies[request["command"]]

    async def serve():
        async with orders.serve(orders.socket_of(journal), answer):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield asked
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.db"


def test_an_order_reaches_the_daemon_and_its_reply_comes_back(journal):
    with daemon(journal, {"pause": {"state": "paused"}}) as asked:
        assert ordered(journal, "pause") == {"state": "paused"}
    assert asked == [{"command": "pause"}]


def test_no_daemon_is_exit_code_2_and_says_what_to_do(journal, said):
    assert ordered(journal, "reload") == 2
    text, complaint = said()
    assert text == ""
    assert "no daemon runs on this journal" in complaint
    assert "reachd run" in complaint


def test_a_refusal_is_exit_code_1_with_every_fault(journal, said):
    refusal = {"error": "the old configuration runs on", "faults": ["a.toml:1: x: wrong", "a.toml:2: y: wrong"]}
    with daemon(journal, {"reload": refusal}):
        assert ordered(journal, "reload") == 1
    assert said()[1].splitlines() == [
        "reachd: the old configuration runs on",
        "a.toml:1: x: wrong",
        "a.toml:2: y: wrong",
    ]


@pytest.mark.parametrize("command", [reload, pause])
def test_commands_pass_the_exit_code_on(command, journal, said):
    assert command(journal) == 2
    assert said()[0] == ""
