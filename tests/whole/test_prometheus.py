"""A real Prometheus scrapes a real daemon: what its query API gives is what was measured, and what is gone is gone."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.daemons import Running, answering_port, measuring, one_service, soon
from tests.lab.prometheus import Prometheus, check, get, prometheus
from tests.lab.servers import closed_port

pytestmark = [pytest.mark.long, pytest.mark.prometheus]
TOKEN = "correct horse battery staple"
WEB = '\n[web]\nlisten = "127.0.0.1:0"\ntoken = { env = "PAGE_TOKEN" }\n'


@dataclass(frozen=True, slots=True)
class Scene:
    """A daemon that measures two ports, and a Prometheus that scrapes it."""

    daemon: Running
    url: str
    server: Prometheus
    answers: str
    refuses: str
    opened: ExitStack
    """Closing it closes the port that answers."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as closing:
        opened = closing.enter_context(ExitStack())
        answers = f"127.0.0.1:{opened.enter_context(answering_port())}"
        refuses = f"127.0.0.1:{closed_port()}"
        config = one_service(tmp_path, answers, refuses, more=WEB)
        daemon = closing.enter_context(measuring(config, env={"PAGE_TOKEN": TOKEN}))
        soon(lambda: "the page is at" in daemon.said())
        (url,) = re.findall(r"the page is at (http://\S+)", daemon.said())
        target = url.removeprefix("http://").rstrip("/")
        server = closing.enter_context(prometheus(tmp_path, target, TOKEN))
        yield Scene(daemon, url, server, answers, refuses, opened)


def successes(scene: Scene) -> dict[str, float]:
    return scene.server.values('probe_success{service="lab",vantage="here",probe="tcp"}', "endpoint")


def test_its_queries_give_what_was_measured(scene: Scene) -> None:
    soon(lambda: len(successes(scene)) == 2)
    target = scene.server.target()
    assert (target["health"], target["lastError"]) == ("up", "")
    assert successes(scene) == {scene.answers: 1, scene.refuses: 0}
    failures = scene.server.query("reachd_last_failure")
    assert [one["metric"]["kind"] for one in failures] == ["connection_refused"]
    seconds = scene.server.values("probe_duration_seconds", "endpoint")
    assert all(0 < taken < 1 for taken in seconds.values())
    soon(lambda: scene.server.values("sum(increase(reachd_slots_total[10s])) > 2", ""))
    soon(
        lambda: scene.server.values("histogram_quantile(0.9, rate(reachd_start_lateness_seconds_bucket[10s])) < 1", "")
    )
    assert scene.server.values("reachd_vantage_up", "vantage") == {"here": 1}


def test_promtool_is_content_with_the_daemon(scene: Scene) -> None:
    soon(lambda: len(successes(scene)) == 2)
    text = get(f"{scene.url}metrics", {"Authorization": f"Bearer {TOKEN}"})
    assert "\nprobe_success{" in text
    assert check(text) == ""
    assert check(text.replace("# HELP probe_success", "# HELP other")), "promtool finds nothing at all"


def test_a_block_is_seen_at_the_next_scrapes(scene: Scene) -> None:
    soon(lambda: successes(scene).get(scene.answers) == 1)
    scene.opened.close()
    soon(lambda: successes(scene).get(scene.answers) == 0)
    soon(lambda: scene.server.query("sum(reachd_open_events) > 0"), 40)


def test_an_endpoint_that_left_the_plan_is_gone(scene: Scene) -> None:
    soon(lambda: len(successes(scene)) == 2)
    folder = scene.daemon.journal.parent
    one_service(folder, scene.answers, more=WEB)
    assert scene.daemon.ask("reload").get("changed")
    soon(lambda: set(successes(scene)) == {scene.answers})
    assert scene.server.query("reachd_planned_series")[0]["value"][1] == "1"


def test_without_the_token_the_target_is_down(scene: Scene, tmp_path: Path) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    with prometheus(folder, scene.url.removeprefix("http://").rstrip("/"), "wrong") as stranger:
        soon(lambda: stranger.target().get("health") == "down")
        assert "401" in stranger.target()["lastError"]
        assert not stranger.query("probe_success")
    shutil.rmtree(folder)
