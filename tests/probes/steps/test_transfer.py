"""What is asked for, and how closely a transfer is watched."""

import socket

import h11

from probes.clock import SystemClock
from probes.run import Run, World
from probes.steps.transfer import MOST, Watch, download, upload
from probes.steps.transfer_verdict import Ending
from probes.steps.url import parse_url
from tests.lab.runs import attempt, direct

URL = parse_url("https://example.org:8443/object?a=1")


def header(question: h11.Request, name: bytes) -> bytes:
    return dict(question.headers)[name]


def test_a_download_asks_for_the_beginning_uncompressed() -> None:
    question = download(URL, 65_536)
    assert (question.method, question.target) == (b"GET", b"/object?a=1")
    assert header(question, b"range") == b"bytes=0-65535"
    assert header(question, b"accept-encoding") == b"identity"
    assert header(question, b"host") == b"example.org:8443"


def test_an_upload_says_how_much_comes() -> None:
    assert header(upload(URL, 4_096), b"content-length") == b"4096"


async def test_however_long_a_transfer_lasts_the_samples_are_bounded() -> None:
    run = Run(attempt("transfer", "http://192.0.2.1/"), direct(), World(SystemClock()))
    with socket.socket() as sock:
        watch = Watch(run, sock, up=False)
        for _ in range(3 * MOST):
            watch.timer.cancel()
            watch.look()
        assert len(watch.samples) < MOST
        assert watch.every >= 0.2
        watch.end(Ending.SILENT)
    assert run.seen["extra"]["transfer"] == "freeze"
