"""`reachd run`: what it refuses, what it announces, and how it ends; the daemon itself is in test_app.py."""

import signal
from pathlib import Path

import pytest

from daemon import app
from daemon.commands.run import announcement, contacts, run
from daemon.planned import prepare
from tests.lab.daemons import one_service, soon, started


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Notes what would be run instead of running it."""
    calls: list[object] = []

    async def serve(*args: object) -> None:
        calls.append(args)

    monkeypatch.setattr(app, "serve", serve)
    return calls


def test_a_good_configuration_is_run(tmp_path: Path, served, said) -> None:
    config = one_service(tmp_path, "127.0.0.1:9")
    assert run(config, "text") == 0
    ((path, now, _clock),) = served
    assert path == config
    assert [item.series.endpoint for item in now.plan.assignments] == ["127.0.0.1:9"]
    assert said() == ("", "")


def test_notices_are_shown_before_it_starts(tmp_path: Path, served, said) -> None:
    config = one_service(tmp_path, "127.0.0.1:9", more='\n[detect]\nfalse_events = "1 per 10 vantage-months"\n')
    assert run(config, "text") == 0
    assert "note: " in (told := said()[1])
    assert "has no effect yet" in told
    assert len(served) == 1


@pytest.mark.parametrize("style", ["xml", "", "TEXT"])
def test_an_unknown_log_format_starts_nothing(tmp_path: Path, served, said, style: str) -> None:
    assert run(one_service(tmp_path, "127.0.0.1:9"), style) == 2
    assert said()[1] == f"reachd: --log-format {style}: choose text or json\n"
    assert not served


def test_mistakes_start_nothing_and_come_all_at_once(tmp_path: Path, served, said) -> None:
    config = one_service(tmp_path, "127.0.0.1:0", every="soon")
    assert run(config, "text") == 2
    lines = said()[1].splitlines()
    assert len(lines) == 2
    assert not served


def test_what_breaks_the_limits_is_not_started(tmp_path: Path, served, said) -> None:
    assert run(one_service(tmp_path, "192.0.2.1:443", every="2s"), "text") == 2
    assert "the limit is 4 at once, then one every 10s" in said()[1]
    assert not served


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PermissionError("no socket there; chmod o-w ."), "no socket there; chmod o-w ."),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_a_journal_that_cannot_be_had_is_told_in_a_sentence(tmp_path, monkeypatch, said, fault, words) -> None:
    async def serve(*_args: object) -> None:
        raise fault

    monkeypatch.setattr(app, "serve", serve)
    assert run(one_service(tmp_path, "127.0.0.1:9"), "text") == 2
    assert said()[1] == f"reachd: cannot start with journal = {tmp_path / 'journal.db'}: {words}\n"


def test_the_announcement_names_every_host_of_every_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    now = prepare(None)
    text = announcement(now)
    for service in now.document.services:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{service.title}:")]
        assert contacts(service) <= set(line.split(": ", 1)[1].split(", "))
        assert {host for one in service.endpoints for host in one.options.contacts()} == contacts(service)
    assert str(tmp_path) in text
    assert "the page is at http://127.0.0.1:8642" in text
    assert "Starting it is the consent" in text


def test_without_a_configuration_it_says_first_what_it_contacts(tmp_path: Path) -> None:
    """It is stopped as soon as it runs."""
    with started(None, folder=tmp_path, env={"STATE_DIRECTORY": str(tmp_path)}) as daemon:
        soon(lambda: "running:" in daemon.said())
        code, seconds = daemon.stop(signal.SIGTERM)
    assert code == 0
    assert seconds < 3
    said = daemon.said()
    assert said.index("web.whatsapp.com") < said.index("running:")
    assert "No configuration named" in said
    assert (tmp_path / "reachd-data" / "journal.db").exists()
