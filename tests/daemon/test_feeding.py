"""Followers are fed from the journal; sinks come, stay and go with the configuration, and one that fails is retried."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from daemon import feeding
from daemon.feeding import feed, lay_sinks
from daemon.fitness import Finding
from daemon.follower import Taken
from daemon.outlets import Outlet, Sink
from daemon.parts import Daemon
from daemon.rows import Annotation, Row
from probes.clock import Clock
from tests.lab.daemons import one_service, put_together
from tests.lab.waiting import until


@dataclass
class Collecting:
    """A follower that keeps what it is given."""

    name: str = "collecting"
    batch: int = 100
    texts: list[str] = field(default_factory=list)

    async def resume(self, saved):
        pass

    async def take(self, rows: list[Row]) -> Taken:
        self.texts += [row.body.text for row in rows if isinstance(row.body, Annotation)]
        return Taken()

    def measured(self) -> dict[str, float]:
        return {"collected_rows": float(len(self.texts))}


@dataclass
class Store:
    """A destination: how often it was connected to and let go, and what came."""

    follower: Collecting = field(default_factory=Collecting)
    opened: int = 0
    closed: int = 0
    refusals: int = 0

    @asynccontextmanager
    async def connect(self, _clock: Clock) -> AsyncIterator[Sink]:
        if self.refusals > self.opened:
            self.opened += 1
            raise FileNotFoundError("ca.pem: gone")
        self.opened += 1
        try:
            yield self.follower
        finally:
            self.closed += 1

    def outlet(self, name: str, mark: str = "", *, from_now: bool = False) -> Outlet:
        return Outlet(name, mark, self.connect, healthy, from_now=from_now)


async def healthy(_clock: Clock) -> Finding:
    return Finding("store", "good", "answers")


Wanted = Callable[..., None]


@pytest.fixture
def want(monkeypatch: pytest.MonkeyPatch) -> Wanted:
    """Says what the configuration asks for."""

    def wanted(*outlets: Outlet) -> None:
        monkeypatch.setattr(feeding, "outlets", lambda _document: {outlet.name: outlet for outlet in outlets})

    return wanted


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return one_service(tmp_path, "127.0.0.1:9")


def say(daemon: Daemon, text: str) -> None:
    daemon.journal.append([Annotation(text)])


def has_all(daemon: Daemon, store: Store, count: int) -> bool:
    return len(store.follower.texts) == count and daemon.standings["store"].cursor == daemon.journal.last


async def test_a_follower_is_fed_and_its_standing_is_kept(config: Path) -> None:
    collecting = Collecting()
    async with put_together(config) as daemon:
        feed(daemon, collecting)
        say(daemon, "one")
        say(daemon, "two")
        await until(lambda: collecting.texts == ["one", "two"])
        await until(lambda: daemon.standings["collecting"].cursor == daemon.journal.last)
        assert daemon.standings["collecting"].taken == 2
    assert daemon.tasks["collecting"].cancelled()


async def test_a_sink_goes_on_where_its_cursor_stands(config: Path, want: Wanted) -> None:
    store = Store()
    want(store.outlet("store"))
    for count, text in enumerate(("before", "after"), 1):
        async with put_together(config) as daemon:
            lay_sinks(daemon)
            say(daemon, text)
            await until(partial(has_all, daemon, store, count))
    assert store.follower.texts == ["before", "after"]
    assert (store.opened, store.closed) == (2, 2)


async def test_what_stays_as_it_is_is_left_alone_and_what_changed_begins_anew(config: Path, want: Wanted) -> None:
    same, old, new = Store(), Store(), Store()
    async with put_together(config) as daemon:
        want(same.outlet("same", "a"), old.outlet("other", "old"))
        lay_sinks(daemon)
        await until(lambda: same.opened == old.opened == 1)
        kept = daemon.tasks["same"]
        want(same.outlet("same", "a"), new.outlet("other", "new"))
        lay_sinks(daemon)
        await until(lambda: new.opened == 1 and old.closed == 1)
        assert daemon.tasks["same"] is kept
        assert (same.opened, same.closed) == (1, 0)


async def test_what_is_no_longer_configured_is_let_go(config: Path, want: Wanted) -> None:
    store = Store()
    async with put_together(config) as daemon:
        want(store.outlet("store"))
        lay_sinks(daemon)
        await until(lambda: store.opened == 1)
        want()
        lay_sinks(daemon)
        await until(lambda: store.closed == 1)
        assert "store" not in daemon.standings
        assert "store" not in daemon.tasks
        want(store.outlet("store"))
        lay_sinks(daemon)
        await until(lambda: store.opened == 2)


async def test_a_sink_that_cannot_be_set_up_is_tried_again_and_told_once(
    config: Path, want: Wanted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feeding, "SINK_AGAIN", 0.01)
    broken, well = Store(refusals=3), Store()
    want(broken.outlet("broken"), well.outlet("well"))
    async with put_together(config) as daemon:
        lay_sinks(daemon)
        say(daemon, "one")
        await until(lambda: well.follower.texts == ["one"])
        await until(lambda: broken.follower.texts == ["one"])
        assert daemon.standings["broken"].failures == 3
    said = [record.getMessage() for record in caplog.records if record.name == "reachd.feeding"]
    assert said == ["broken: cannot be set up, will be tried again: ca.pem: gone"]


async def test_a_sink_that_works_again_forgets_its_error(
    config: Path, want: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding, "SINK_AGAIN", 0.05)
    store = Store(refusals=1)
    want(store.outlet("store"))
    async with put_together(config) as daemon:
        lay_sinks(daemon)
        await until(lambda: daemon.standings["store"].error == "ca.pem: gone")
        say(daemon, "one")
        await until(lambda: store.follower.texts == ["one"])
        await until(lambda: not daemon.standings["store"].error)
        assert daemon.measured["store"]() == {"collected_rows": 1.0}


async def test_the_connection_is_closed_when_the_daemon_ends(config: Path, want: Wanted) -> None:
    store = Store()
    want(store.outlet("store"))
    async with put_together(config) as daemon:
        lay_sinks(daemon)
        await until(lambda: store.opened == 1)
    assert store.closed == 1


async def test_what_tells_only_news_begins_at_the_end_and_goes_on_where_it_was(config: Path, want: Wanted) -> None:
    store = Store()
    want(store.outlet("store", from_now=True))
    for text, told in (("long ago", []), ("while away", ["while away"])):
        async with put_together(config) as daemon:
            await daemon.journal.append([Annotation(text)])
            lay_sinks(daemon)
            await until(partial(has_all, daemon, store, len(told)))
            assert store.follower.texts == told
    async with put_together(config) as daemon:
        lay_sinks(daemon)
        say(daemon, "news")
        await until(lambda: store.follower.texts == ["while away", "news"])
