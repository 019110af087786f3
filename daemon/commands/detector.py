"""`reachd detector`: what the detector makes of stories whose right events are known."""

from pathlib import Path

from config.faults import ConfigError
from daemon.commands.terminal import err, out, quietly
from daemon.stories.judging import judge
from daemon.stories.shape import read_story, shipped


def test(files: list[Path]) -> int:
    """Run stories, the shipped ones where none is named; 0 all met, 1 one is not, 2 one cannot be read."""
    return quietly(lambda: _test(files or shipped()))


def _test(files: list[Path]) -> int:
    try:
        stories = [read_story(path) for path in files]
    except ConfigError as faults:
        err().print(str(faults), soft_wrap=True)
        return 2
    console, failed = out(), 0
    for story in stories:
        wrong = judge(story)
        failed += bool(wrong)
        console.print(f"{'NOT MET' if wrong else 'met    '} {story.name}: {story.head.title}", soft_wrap=True)
        for what in wrong:
            console.print(f"        {what}", soft_wrap=True)
    console.print(f"{len(stories) - failed} of {len(stories)} stories met")
    return 1 if failed else 0
