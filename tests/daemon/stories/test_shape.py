"""Stories as read: the shipped ones, and what is said of mistakes."""

from pathlib import Path

import pytest

from config.faults import ConfigError
from daemon.stories.shape import read_story, seconds, shipped

GOOD = """
title = "a"
lasts = "1h"

[vantages.ru1]
country = "RU"

[services.whatsapp]
side = "foreign"
endpoints = ["chat tcp g.whatsapp.net:5222"]

[[spans]]
since = "10m"
what = "connection dropped"

[[expect]]
kind = "block"
service = "whatsapp"
since = "10m"
"""


def faults_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "story.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_story(path)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_a_story_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    story = read_story(path)
    assert (story.name, story.head.title, story.head.every) == ("mine", "a", "1m")
    assert [span.what for span in story.spans] == ["connection dropped"]
    assert [expect.kind for expect in story.expected] == ["block"]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_every_shipped_story_is_read_and_says_why_it_is_told(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert read_story(path).head.title


def test_the_stories_of_the_issue_are_shipped() -> None:
    assert {path.stem for path in shipped()} >= {
        *("february-2026", "facetime-2025", "telegram-throttled", "shutdown", "whitelist"),
        *("expired-certificate", "cdn-move", "uplink-flap", "lossy-mobile-line", "permanent-block"),
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("connection dropped", "connection drop", "story.toml:14: spans[0].what: 'connection drop' is not known"),
        ('lasts = "1h"', 'lasts = "soon"', "story.toml:3: lasts: must be a duration"),
        ('lasts = "1h"', "", "lasts: is missing"),
        ("chat tcp g", "chat g", 'must be "role probe target", the probe dns, tcp, tls or http'),
        ('service = "whatsapp"', 'service = "whatsap"', "did you mean whatsapp"),
        ('title = "a"', 'titl = "a"', "titl: is not known here; did you mean title"),
        ('kind = "block"', 'kind = "blck"', "story.toml:17: expect[0].kind"),
        ('[vantages.ru1]\ncountry = "RU"\n', "", "vantages: is missing: a story needs at least one [vantages.NAME]"),
        ('title = "a"', 'title = "a', "story.toml:2: "),
    ],
)
def test_a_mistake_is_told_with_line_key_and_remedy(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in faults_of(tmp_path, GOOD.replace(old, new, 1))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_story(tmp_path / "none.toml")


def test_durations_are_seconds() -> None:
    assert seconds("5m", 0) == 300
    assert seconds(None, 7) == 7
