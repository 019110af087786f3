from pathlib import Path
from typing import Any

import pytest

from config.secrets import Secret
from config.sections import Influxdb
from daemon.outlets import Outlet, outlets
from daemon.sinks.influxdb import buckets, look
from daemon.sinks.share import ALL, Share
from tests.lab.influx_fake import fake_influx, page, says
from tests.lab.influxd import Influxd
from tests.lab.sinking import CLOCK


class Document:
    """As much of a document as a sink looks at."""

    def __init__(self, influxdb: Influxdb | None) -> None:
        self.influxdb = influxdb
        self.alerts: dict[str, object] = {}


def document(**section: Any) -> Any:
    plain = {"url": "http://127.0.0.1:1", "org": "lab", "bucket": "b", "proxy": None, "ca": None}
    plain |= {"bucket_5m": None, "bucket_1h": None}
    token = Secret(section.pop("token", "t0ken"), "env T")
    return Document(Influxdb.model_construct(**(plain | section), token=token))


def only(**section: Any) -> Outlet:
    """The one sink of a section that names one bucket."""
    (found,) = outlets(document(**section)).values()
    return found


def test_without_a_section_there_is_no_sink() -> None:
    nothing: Any = Document(None)
    assert outlets(nothing) == {}


def test_the_sink_is_found_by_the_scan() -> None:
    found = outlets(document())["influx"]
    assert found.name == "influx"
    assert found.linger > 0


@pytest.mark.parametrize("change", [{"url": "http://h"}, {"org": "x"}, {"bucket": "x"}, {"token": "x"}, {"ca": "x"}])
def test_the_mark_tells_whether_anything_changed_and_shows_no_secret(change: dict[str, str]) -> None:
    before = only()
    assert before.mark == only().mark != only(**change).mark
    assert "t0ken" not in repr(before)


def test_buckets_of_their_own_have_followers_of_their_own() -> None:
    found = outlets(document(bucket_5m="year", bucket_1h="ever"))
    assert list(found) == ["influx", "influx_5m", "influx_1h"]
    assert len({outlet.mark for outlet in found.values()}) == 3
    assert found["influx"].mark != only().mark, "what it writes has changed: it is laid anew"


async def test_each_bucket_gets_its_share_and_only_that() -> None:
    section = document(bucket_5m="year", bucket_1h="ever").influxdb
    shares = {bucket.name: bucket.part.shares for bucket in buckets(section)}
    assert shares == {
        "b": frozenset({Share.RECENT}),
        "year": frozenset({Share.WINDOWS}),
        "ever": frozenset({Share.LASTING}),
    }
    one = document(bucket_1h="ever").influxdb
    assert [bucket.part.shares for bucket in buckets(one)] == [ALL - {Share.LASTING}, frozenset({Share.LASTING})]


async def test_it_opens_the_follower() -> None:
    found = only()
    async with found.connect(CLOCK) as sink:
        assert (sink.name, sink.batch) == ("influx", 5000)


async def test_the_doctor_finds_a_store_that_takes_points() -> None:
    async with fake_influx() as fake:
        fake.script = [says(204)]
        found = await look(fake.destination(), CLOCK)
    assert (found.verdict, found.remedy) == ("good", "")
    assert fake.points == {}


@pytest.mark.parametrize(
    ("script", "said"),
    [(says(401, "unauthorized"), "token"), (says(404, "no bucket"), "bucket"), (says(503, "closed"), "url")],
)
async def test_the_doctor_says_what_to_do(script: Any, said: str) -> None:
    async with fake_influx() as fake:
        fake.script = [script]
        found = await look(fake.destination(), CLOCK)
    assert found.verdict == "bad"
    assert said in found.remedy
    assert found.what.startswith(("401", "404", "503"))


async def test_the_doctor_is_not_taken_in_by_a_portal() -> None:
    async with fake_influx() as fake:
        fake.script = [page(200)]
        found = await look(fake.destination(), CLOCK)
    assert found.verdict == "bad"
    assert "portal" in found.remedy


async def test_the_doctor_says_that_a_ca_file_is_gone(tmp_path: Path) -> None:
    found = only(url="https://127.0.0.1:1", ca=str(tmp_path / "gone.pem"))
    finding = await found.look(CLOCK)
    assert (finding.verdict, "ca" in finding.remedy) == ("bad", True)


async def test_nobody_there() -> None:
    found = only()
    finding = await found.look(CLOCK)
    assert finding.verdict == "bad"
    assert "t0ken" not in finding.what


@pytest.mark.influxd
async def test_the_doctor_at_a_real_influxdb(influxd: Influxd, bucket: str) -> None:
    assert (await look(influxd.destination(bucket), CLOCK)).verdict == "good"
    assert "401" in (await look(influxd.destination(bucket, token="wrong"), CLOCK)).what
    assert "404" in (await look(influxd.destination("nowhere"), CLOCK)).what
    assert (await look(influxd.destination(bucket, token=influxd.write_only_token(bucket)), CLOCK)).verdict == "good"
