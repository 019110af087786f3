"""The local socket beside the journal by which commands speak to the running daemon: one JSON line there, one back."""

import asyncio
import json
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

Answer = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

LONGEST = 65_536
"""Bytes of a request at most."""
PATIENCE = 5.0
"""Seconds that a client may take to send its request."""
_LONGEST_ANSWER = 16_000_000
_LONGEST_ADDRESS = 100
"""Bytes of a socket's path that every system takes (Linux: 107)."""
_UCRED = struct.Struct("3i")


class NoAnswer(Exception):  # noqa: N818  what a user reads
    """The daemon could not be asked, or did not answer; the message says why and what to do."""


def socket_of(journal: Path) -> Path:
    """Where the daemon that writes this journal listens."""
    return journal.with_name(f"{journal.name}.sock")


@asynccontextmanager
async def serve(path: Path, answer: Answer) -> AsyncIterator[None]:
    """Answer requests of this user (and of root) while the block runs. The caller holds the journal's lock.

    Raises OSError if the socket cannot be made, PermissionError if others could replace it.
    """
    _check_folder(path.parent)
    _remove_stale(path)
    talks = _Talks(answer)
    server = await asyncio.start_unix_server(talks.begin, sock=_listening(path), limit=LONGEST)
    try:
        yield
    finally:
        _remove_stale(path)
        await _let_in_who_knocked()
        server.close()
        await talks.end()
        await server.wait_closed()


class _Talks:
    """The connections that are open now."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._loop = asyncio.get_running_loop()

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client has come."""
        talk = self._loop.create_task(_talk(reader, writer, self._answer))
        self._open[talk] = writer
        talk.add_done_callback(self._ended)

    async def end(self) -> None:
        """Break off what is under way."""
        for talk in self._open:
            talk.cancel()
        if self._open:
            await asyncio.wait(self._open)

    def _ended(self, talk: asyncio.Task[None]) -> None:
        self._open.pop(talk).close()
        if not talk.cancelled() and (fault := talk.exception()):
            # A bug in one answer is shown, and stops neither the socket nor the daemon.
            shown = {"message": "an order could not be answered", "exception": fault, "task": talk}
            self._loop.call_exception_handler(shown)


async def _let_in_who_knocked() -> None:
    """Let connections under way be made: asyncio loses the socket of one that it accepts after the server closed."""
    for _ in range(3):
        await asyncio.sleep(0)


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
    """One connection: a request, its answer, the end."""
    with suppress(ConnectionError):  # who asked has gone: nobody is left to tell
        await _converse(reader, writer, answer)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
    """One request and its answer."""
    request = await _request(reader)  # read in any case: a close with bytes unread reaches the client as a reset
    if _user_of(writer.get_extra_info("socket")) not in {0, os.geteuid()}:
        request = "the daemon takes orders from the user it runs as, and from root"
    reply = {"error": request} if isinstance(request, str) else await answer(request)
    writer.write(json.dumps(reply, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    await writer.drain()


async def _request(reader: asyncio.StreamReader) -> dict[str, Any] | str:
    """The request, or what is wrong with it."""
    try:
        async with asyncio.timeout(PATIENCE):
            line = await reader.readline()
    except TimeoutError:
        return f"no request came within {PATIENCE:.0f} s"
    except ValueError:
        return f"the request is longer than {LONGEST} bytes"
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return "the request is no JSON line"
    return request if isinstance(request, dict) else "the request is no JSON object"


def _user_of(connection: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    _, user, _ = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(user)


def _check_folder(folder: Path) -> None:
    """Raise PermissionError if other users could put a socket of their own in our place."""
    state = folder.stat()
    replaceable = state.st_mode & stat.S_IWOTH and not state.st_mode & stat.S_ISVTX
    if replaceable or state.st_uid not in {0, os.geteuid()}:
        raise PermissionError(f"{folder} can be written by others: no socket for commands there; chmod o-w {folder}")


def _remove_stale(path: Path) -> None:
    """Remove the socket of a daemon that was killed; its lock is ours, so nobody listens on it."""
    if path.is_socket():
        path.unlink()
    elif path.exists():
        raise FileExistsError(f"{path} is in the way of the socket for commands: move it away")


def _listening(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with ExitStack() as undo:
        undo.callback(server.close)
        os.fchmod(server.fileno(), 0o600)  # before bind: at no moment is the file open to others
        with _short(path) as address:
            server.bind(address)
        path.chmod(0o600)
        server.listen(16)
        undo.pop_all()
    return server


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """The socket's address; a path too long for one goes by way of its open folder."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def ask(path: Path, request: Mapping[str, Any], timeout: float = 30.0) -> dict[str, Any]:
    """Send a request to the daemon and give its answer. Raises NoAnswer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(timeout)
        try:
            with _short(path) as address:
                client.connect(address)
            client.sendall(json.dumps(dict(request)).encode() + b"\n")
            return _reply(client, path)
        except (FileNotFoundError, ConnectionRefusedError) as fault:
            raise NoAnswer(f"no daemon runs on this journal ({path}): start one with `reachd run`") from fault
        except PermissionError as fault:
            raise NoAnswer(f"{path} belongs to another user: ask as the user that runs the daemon") from fault
        except TimeoutError as fault:
            raise NoAnswer(f"the daemon did not answer within {timeout:g} s") from fault
        except OSError as fault:
            raise NoAnswer(f"the daemon cannot be asked: {fault}") from fault


def _reply(client: socket.socket, path: Path) -> dict[str, Any]:
    with client.makefile("rb") as file:
        line = file.readline(_LONGEST_ANSWER)
    try:
        reply = json.loads(line)
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise NoAnswer(f"the daemon closed {path} without an answer: its log says why")
    return reply
