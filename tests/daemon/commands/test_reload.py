import json

import pytest

from daemon.commands import reload as module
from daemon.commands.reload import reload


@pytest.fixture
def daemon(monkeypatch):
    """Makes the daemon reply so; gives the orders that it got."""

    def replies(reply):
        got = []

        def ordered(journal, command):
            got.append((journal, command))
            return reply

        monkeypatch.setattr(module, "ordered", ordered)
        return got

    return replies


def test_what_changed_is_named(daemon, said, tmp_path):
    got = daemon({"changed": ["whatsapp: every 60 s became 30 s", "telegram: new"]})
    assert reload(tmp_path) == 0
    assert got == [(tmp_path, "reload")]
    assert said()[0].splitlines() == ["whatsapp: every 60 s became 30 s", "telegram: new"]


def test_nothing_changed_is_said_too(daemon, said, tmp_path):
    daemon({"changed": []})
    assert reload(tmp_path) == 0
    assert said()[0] == "nothing changed\n"


def test_a_program_gets_the_reply(daemon, said, tmp_path):
    daemon({"changed": ["новое"]})
    assert reload(tmp_path, json=True) == 0
    assert json.loads(said()[0]) == {"changed": ["новое"]}


@pytest.mark.parametrize("code", [1, 2])
def test_a_refusal_or_silence_gives_its_code(daemon, said, tmp_path, code):
    daemon(code)
    assert reload(tmp_path) == code
    assert said()[0] == ""
