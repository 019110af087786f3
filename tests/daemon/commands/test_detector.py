"""`reachd detector test`: which stories are met, which are not and why, and mistakes in a story."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from daemon.cli import app
from daemon.commands import detector
from daemon.stories.shape import Story, shipped

STORY = """
title = "chat is dropped"
lasts = "1h"
[vantages.ru1]
country = "RU"
[vantages.nl1]
country = "NL"
[services.whatsapp]
side = "foreign"
endpoints = ["chat tcp g.whatsapp.net:5222", "media tls mmg.whatsapp.net:443"]
[services.controls]
side = "control"
endpoints = ["site tls example.com:443", "site http https://www.wikipedia.org/"]
[[spans]]
since = "30m"
what = "connection dropped"
services = ["whatsapp"]
vantages = ["ru1"]
"""
BLOCK = """
[[expect]]
kind = "block"
service = "whatsapp"
since = "30m"
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(STORY + BLOCK, encoding="utf-8")
    return path


def test_a_story_that_is_met(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert detector.test([story]) == 0
    assert capsys.readouterr().out == "met     mine: chat is dropped\n1 of 1 stories met\n"


def test_a_story_that_is_not_met_says_why(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story.write_text(STORY, encoding="utf-8")
    assert detector.test([story]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "NOT MET mine: chat is dropped"
    assert lines[1].strip().startswith("not expected: confirmed block of whatsapp by tcp.drop at ru1")
    assert lines[-1] == "0 of 1 stories met"


def test_a_mistake_is_told_with_file_line_and_key(story: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story.write_text(STORY.replace("connection dropped", "gone"), encoding="utf-8")
    assert detector.test([story]) == 2
    told = capsys.readouterr()
    assert f"{story}:16: spans[0].what: 'gone' is not known; write name denied" in told.err
    assert not told.out


def test_without_a_file_all_shipped_stories_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[str] = []

    def judge(story: Story) -> list[str]:
        run.append(story.name)
        return []

    monkeypatch.setattr(detector, "judge", judge)
    assert detector.test([]) == 0
    assert run == [path.stem for path in shipped()]


def test_the_command_line_hands_the_files_over(story: Path) -> None:
    result = CliRunner().invoke(app, ["detector", "test", str(story)])
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "1 of 1 stories met")
