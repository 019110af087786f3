import json

import pytest

from daemon.commands import pause as module
from daemon.commands.pause import pause


@pytest.fixture
def orders(monkeypatch):
    """A daemon that does as it is told; gives its orders."""
    got = []

    def ordered(_journal, command):
        got.append(command)
        return {"state": "paused" if command == "pause" else "running"}

    monkeypatch.setattr(module, "ordered", ordered)
    return got


def test_pause_says_how_to_go_on(orders, said, tmp_path):
    assert pause(tmp_path) == 0
    assert orders == ["pause"]
    assert "reachd pause --resume" in said()[0]


def test_resume_says_when_it_goes_on(orders, said, tmp_path):
    assert pause(tmp_path, resume=True) == 0
    assert orders == ["resume"]
    assert said()[0].startswith("running:")


def test_a_program_gets_the_state(orders, said, tmp_path):
    assert pause(tmp_path, json=True) == 0
    assert json.loads(said()[0]) == {"state": "paused"}


def test_silence_gives_its_code(monkeypatch, said, tmp_path):
    monkeypatch.setattr(module, "ordered", lambda *_: 2)
    assert pause(tmp_path) == 2
    assert said()[0] == ""
