"""The real daemon and a real receiver, killed in turn while events come: every transition arrives."""

import asyncio
import json
import logging
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.alerts.news import Told, Transition, transition
from daemon.journal.store import Journal
from daemon.rows import Delivery, Event
from probes.clock import SystemClock
from tests.lab.daemons import Running, answering_port, rows_of, service, soon, started, write_config
from tests.lab.receiver import SECRET, parts_of
from tests.lab.servers import closed_port
from tests.lab.story_of_events import life, news

log = logging.getLogger(__name__)
DESK = '\n[alerts.desk]\ntype = "webhook"\nurl = "{url}"\nsecret = {{ env = "HOOK" }}\n\n[detect]\nflash = "1s"\n'
KILLS = 20
Fact = tuple[str, int, str]


class Door:
    """Ports of loopback that answer, or refuse while it is shut."""

    def __init__(self, count: int) -> None:
        self.ports = [closed_port() for _ in range(count)]
        self.sockets: list[socket.socket] = []

    def open(self) -> None:
        self.sockets = self.sockets or [socket.create_server(("127.0.0.1", port), backlog=512) for port in self.ports]

    def shut(self) -> None:
        while self.sockets:
            self.sockets.pop().close()


class Desk:
    """The receiver in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.ledger = folder / "ledger.jsonl"
        self.port = closed_port()
        self.url = f"http://127.0.0.1:{self.port}/hook/x"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.lab.receiver", str(self.port), str(self.ledger)]
        self.process = subprocess.Popen(command, cwd=Path(__file__).parents[2])

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def revive(self, chance: random.Random) -> None:
        """Kill it, and start it again after a while."""
        self.kill()
        time.sleep(chance.uniform(0.0, 1.5))
        self.start()
        time.sleep(chance.uniform(0.0, 1.5))

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ledger.read_text().splitlines()] if self.ledger.exists() else []

    def told(self) -> list[Fact]:
        """Every transition in the order of its first arrival."""
        return list(dict.fromkeys(told for body in self.bodies() for told in parts_of(body)))


def configure(folder: Path, more: str, good: int, *ports: int) -> Path:
    targets = [f"127.0.0.1:{port}" for port in ports]
    services = {"lab": service("lab", *targets), "clear": service("clear", f"127.0.0.1:{good}", side="control")}
    return write_config(folder, services, more)


@contextmanager
def running(folder: Path, desk: Desk, door: Door, good: int) -> Iterator[Running]:
    config = configure(folder, DESK.format(url=desk.url), good, *door.ports)
    with started(config, folder=folder, env={"HOOK": SECRET}) as daemon:
        soon(lambda: "running:" in daemon.said())
        yield daemon


async def write(path: Path, events: list[Event]) -> None:
    async with await Journal.open(path, SystemClock()) as journal:
        await journal.append(events)


def owed(journal: Path) -> list[Fact]:
    """What the journal's events have to tell, in order."""
    known: dict[str, Told] = {}
    found = []
    for row in rows_of(journal, "event"):
        event = row.body
        assert isinstance(event, Event)
        what = transition(event, known.get(event.id))
        if what is None:
            continue
        found.append((event.id, event.revision, str(what)))
        if what is Transition.ENDED:
            del known[event.id]
        else:
            known[event.id] = Told.of(event)
    return found


def standing(daemon: Running) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask("status")["followers"].get("alert/desk", {})
    return found


def test_a_receiver_that_is_away_stops_nothing_is_seen_and_is_told_when_it_is_back(tmp_path: Path) -> None:
    desk, journal = Desk(tmp_path), tmp_path / "journal.db"
    with answering_port() as good, ExitStack() as closing:
        closing.callback(desk.kill)
        door = Door(1)
        with running(tmp_path, desk, door, good) as daemon:
            soon(lambda: standing(daemon).get("cursor", 0) > 0)
            assert daemon.stop()[0] == 0
        asyncio.run(write(journal, life("W", SystemClock().wall())))
        with running(tmp_path, desk, door, good) as daemon:
            soon(lambda: standing(daemon).get("holding"))
            assert "takes nothing now" in standing(daemon)["holding"]
            assert daemon.ask("status")["figures"]["alert_desk_waiting_messages"] == 4
            daemon.measures(4)
            assert standing(daemon)["behind"] < 100, "rows go on while messages wait"
            desk.start()
            soon(lambda: desk.told() == news("W"))
            soon(lambda: not standing(daemon)["holding"])
            configure(tmp_path, "", good, *door.ports)
            daemon.ask("reload")
            assert not standing(daemon)
            assert daemon.stop()[0] == 0
            assert SECRET not in daemon.said()
            assert "/hook/x" not in daemon.said()


@pytest.mark.long
def test_daemon_and_receiver_killed_in_turn_twenty_times_and_every_transition_arrives(tmp_path: Path) -> None:
    chance = random.Random(20260211)
    desk, door, journal = Desk(tmp_path), Door(3), tmp_path / "journal.db"
    written: list[str] = []
    with answering_port() as good, ExitStack() as closing:
        closing.callback(desk.kill)
        closing.callback(door.shut)
        door.open()
        desk.start()
        with running(tmp_path, desk, door, good) as daemon:
            daemon.measures(5)
            soon(lambda: "alert/desk" in daemon.ask("status")["followers"])
            soon(lambda: daemon.ask("status")["followers"]["alert/desk"]["cursor"] > 0)
        for kill in range(KILLS):
            (door.shut, door.open)[kill // 4 % 2]()
            names = [f"W{kill}-{number}" for number in range(2)]
            asyncio.run(write(journal, [one for name in names for one in life(name, SystemClock().wall())]))
            written += names
            with running(tmp_path, desk, door, good):
                time.sleep(chance.uniform(0.1, 2.5))  # the moment of the kill is what is random here
                if kill % 2:
                    desk.revive(chance)
        door.open()
        with running(tmp_path, desk, door, good) as daemon:
            soon(lambda: {row.body.service for row in daemon.rows("event")} >= {"lab"})
            soon(lambda: set(desk.told()) >= set(owed(journal)), 60)
            soon(lambda: daemon.ask("status")["figures"]["alert_desk_waiting_messages"] == 0, 30)
            assert daemon.stop()[0] == 0
        compare(desk, journal, written)


def compare(desk: Desk, journal: Path, written: list[str]) -> None:
    """The ledger tells what the journal tells, in its order for each event; what came twice is the same twice."""
    told, wanted = desk.told(), owed(journal)
    assert set(told) == set(wanted)
    for name in {fact[0] for fact in wanted}:
        assert [fact for fact in told if fact[0] == name] == [fact for fact in wanted if fact[0] == name]
    assert {fact for fact in told if fact[0] in written} == set(news(*written))
    assert {fact[0] for fact in told} - set(written), "no event of the real detection was told"
    bodies = desk.bodies()
    content = {body["id"]: body for body in bodies}
    assert all(content[body["id"]] == body for body in bodies)
    settled = [row.body for row in rows_of(journal, "delivery") if isinstance(row.body, Delivery)]
    assert {(it.event, it.revision, it.transition) for it in settled} == set(wanted)
    assert {it.outcome for it in settled} == {"delivered"}
    repeats = len(bodies) - len(content)
    log.info("%d messages for %d transitions, %d of them repeats", len(bodies), len(wanted), repeats)
