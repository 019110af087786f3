"""The webhook: what is sent and signed, what every kind of answer becomes, by which way, and what is never shown."""

import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from config.document import load
from config.vantage import VantageSetting
from daemon.alerts import way
from daemon.alerts.messages import page
from daemon.alerts.news import Transition
from daemon.alerts.webhook import Address, Transport, look, open_channel, outlet, signature, transport, try_out
from daemon.outlets import alerts
from daemon.sinks.answers import Answer
from daemon.sinks.destination import Patience
from probes.clock import SystemClock
from tests.lab import receiver as lab
from tests.lab.daemons import one_service
from tests.lab.receiver import SECRET, Receiver, receiving
from tests.lab.servers import closed_port
from tests.lab.story_of_events import event

CLOCK = SystemClock()
QUICK = Patience(0.4, 0.2, 0.3)
MESSAGE = page("desk", event(), Transition.OPENED, 1)
DESK = '\n[alerts.desk]\ntype = "webhook"\nurl = "{url}"\nsecret = {{ env = "HOOK" }}\n'
EXIT = '\n[vantages.exit]\ntype = "source"\naddress = "127.0.0.9"\nresolver = "127.0.0.1"\nconsent = "mine"\n'
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Writes a configuration with an alert `desk`."""
    monkeypatch.setenv("HOOK", SECRET)

    def write(url: str = "http://127.0.0.1:9/hook/x", more: str = "") -> Path:
        return one_service(tmp_path, "127.0.0.1:9", more=DESK.format(url=url) + more)

    return write


def address(hook: Receiver, via: VantageSetting | None = None) -> Address:
    return Address(hook.url, SECRET, via)


async def posted(where: Address, patience: Patience = QUICK) -> Answer:
    async with transport(where, CLOCK, patience) as sender:
        return await sender.post(MESSAGE)


def test_the_signature_is_what_every_language_has() -> None:
    """Golden, made by openssl dgst -sha256 -hmac: receivers compute it by themselves."""
    assert signature("key", "1770000000", b'{"a": 1}') == (
        "2a330349e078a51a171abeb842f53a025409d53eb1d038d388f07faa92344f84"
    )


async def test_a_message_is_json_with_its_id_time_and_signature() -> None:
    async with receiving() as hook:
        answer = await posted(address(hook))
    assert answer.status == 200
    assert hook.taken == [json.loads(MESSAGE.body)]
    (headers,) = hook.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Reachd-Id"] == MESSAGE.id
    assert abs(int(headers["X-Reachd-Timestamp"]) - CLOCK.wall() / 1e6) < 5
    assert len(headers["X-Reachd-Signature"]) == 64
    assert "Python" not in headers["User-Agent"]


async def test_a_wrong_secret_is_found_out_and_no_secret_signs_nothing() -> None:
    async with receiving() as hook:
        assert (await posted(Address(hook.url, "another"))).status == 401
        assert (await posted(Address(hook.url, None))).status == 401
    assert hook.unsigned == 2
    assert "X-Reachd-Signature" not in hook.headers[1]
    assert hook.taken == []


@pytest.mark.parametrize("status", [400, 401, 404, 408, 410, 429, 500, 503])
async def test_an_answer_is_its_status_and_words(status: int) -> None:
    async with receiving() as hook:
        hook.script = [lab.says(status, "sorry", Retry_After="7")]
        answer = await posted(address(hook))
    assert (answer.status, answer.body, answer.retry_after) == (status, "sorry", 7.0)


@pytest.mark.parametrize("misbehaves", [lab.stall, lab.reset])
async def test_silence_and_reset_are_no_answer(misbehaves: lab.Script) -> None:
    async with receiving() as hook:
        hook.script = [misbehaves]
        answer = await posted(address(hook))
    assert answer.status == 0
    assert answer.body


async def test_nobody_there_is_no_answer() -> None:
    answer = await posted(Address(f"http://127.0.0.1:{closed_port()}/hook/x", SECRET))
    assert answer.status == 0
    assert "127.0.0.1" in answer.body


async def test_something_that_speaks_no_http_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = await posted(Address(f"http://127.0.0.1:{silent.getsockname()[1]}/", SECRET))
    assert answer.status == 0


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as hook:
        hook.script = [lab.says(307, Location=hook.url)]
        assert (await posted(address(hook))).status == 307
        assert len(hook.headers) == 1


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    async with receiving() as hook:
        hook.script = [lab.says(500, "x" * 10_000_000)]
        answer = await posted(address(hook), Patience(5.0, 5.0, 5.0))
    assert answer.status == 500
    assert 0 < len(answer.body) <= 4096


async def test_it_goes_out_through_the_vantage_that_is_named(written: Written) -> None:
    (via,) = (it for it in load(written(more=EXIT)).vantages if it.name == "exit")
    async with receiving() as hook:
        assert (await posted(address(hook))).status == 200
        assert (await posted(address(hook, via))).status == 200
    assert hook.peers == ["127.0.0.1", "127.0.0.9"]


async def test_a_vantage_whose_address_is_gone_is_no_answer(written: Written) -> None:
    (via,) = (it for it in load(written(more=EXIT.replace("127.0.0.9", "192.0.2.1"))).vantages if it.name == "exit")
    async with receiving() as hook:
        answer = await posted(address(hook, via))
    assert answer.status == 0
    assert hook.peers == []


async def test_a_vantage_that_opens_no_connections_of_its_own_is_refused(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    (via,) = (it for it in load(written(more=EXIT)).vantages if it.name == "exit")
    monkeypatch.setattr(way, "build", lambda _setting: object())
    with pytest.raises(ValueError, match="cannot go through a vantage of type source"):
        Transport(address(Receiver(), via), CLOCK, QUICK)


# ---- secrets ----


async def test_neither_secret_nor_the_path_of_the_url_is_ever_shown(
    written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    async with receiving() as hook:
        hook.always = lab.says(403, f"no {SECRET} at /hook/t0ken-in-the-path?key=k3y: t0ken-in-the-path is unknown")
        where = Address(f"{hook.url}?key=k3y", SECRET)
        with caplog.at_level(logging.DEBUG):
            said = [await posted(where), await try_out("desk", where, CLOCK), where]
            async with open_channel("desk", where, CLOCK) as channel:
                said.append((await channel.send(MESSAGE), vars(channel)))
    said += [await posted(Address("http://127.0.0.1:1/hook/t0ken-in-the-path", SECRET)), caplog.text]
    for hidden in (SECRET, "t0ken-in-the-path", "k3y"):
        assert hidden not in repr(said)


def test_the_mark_tells_what_needs_a_new_start_and_no_secret(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    def mark(*arguments: str) -> str:
        return outlet(load(written(*arguments)), "desk").mark

    first = mark()
    assert mark() == first
    marks = {first, mark("http://127.0.0.1:9/hook/y"), mark("http://127.0.0.1:9/hook/x", 'via = "here"\n')}
    marks.add(mark("http://127.0.0.1:9/hook/x", 'via = "exit"\n' + EXIT))
    marks.add(mark("http://127.0.0.1:9/hook/x", 'via = "exit"\n' + EXIT.replace("127.0.0.9", "127.0.0.8")))
    marks.add(mark("http://127.0.0.1:9/hook/x", 'via = "exit"\n' + EXIT.replace('"127.0.0.1"', '"127.0.0.2"')))
    monkeypatch.setenv("HOOK", "another-s3cret")
    marks.add(mark())
    assert len(marks) == 7
    assert not any("s3cret" in mark for mark in marks)


# ---- for people ----


def test_an_alert_is_a_follower_that_begins_at_the_end_of_the_journal(written: Written) -> None:
    (made,) = alerts(load(written())).values()
    assert made.name == "alert/desk"
    assert made.from_now


async def test_the_doctor_knocks_and_sends_nothing() -> None:
    async with receiving() as hook:
        found = await look("desk", address(hook), CLOCK)
        assert (found.verdict, hook.headers) == ("good", [])
    found = await look("desk", Address(f"http://127.0.0.1:{closed_port()}/hook/x", SECRET), CLOCK)
    assert found.verdict == "bad"
    assert found.remedy


async def test_a_test_says_what_the_receiver_answered(written: Written) -> None:
    (via,) = (it for it in load(written(more=EXIT)).vantages if it.name == "exit")
    async with receiving() as hook:
        found = await try_out("desk", address(hook, via), CLOCK)
        assert found.verdict == "good"
        assert "via exit" in found.name
        assert "signed" in found.what
        hook.script = [lab.says(410, "moved away"), lab.says(503, "later")]
        refused, busy = [await try_out("desk", address(hook), CLOCK) for _ in range(2)]
    assert (refused.verdict, busy.verdict) == ("bad", "bad")
    assert "410 moved away" in refused.what
    assert refused.remedy != busy.remedy
    (body,) = hook.taken
    assert body["transition"] == "test"
    assert body["channel"] == "desk"


async def test_a_way_that_cannot_be_used_is_told(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    (via,) = (it for it in load(written(more=EXIT)).vantages if it.name == "exit")
    monkeypatch.setattr(way, "build", lambda _setting: object())
    for act in (look, try_out):
        found = await act("desk", address(Receiver(port=9), via), CLOCK)
        assert found.verdict == "bad"
        assert "via" in found.what
