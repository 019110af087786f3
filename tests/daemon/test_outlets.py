"""A sink is a file in a folder: found by a scan, asked whether it is configured, known by its mark."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from config.document import Document, load
from daemon import outlets as module
from daemon.outlets import alerts, outlets
from probes.clock import SystemClock
from tests.lab.daemons import one_service
from tests.lab.servers import closed_port

STORE = '[influxdb]\nurl = "{url}"\norg = "{org}"\nbucket = "b"\ntoken = {{ env = "TOKEN" }}\n'
Load = Callable[[str], Document]


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a configuration with further sections."""
    monkeypatch.setenv("TOKEN", "t0ken")
    return lambda more: load(one_service(tmp_path, "127.0.0.1:9", more=f"\n{more}"))


def influxdb(url: str = "http://127.0.0.1:8086", org: str = "reachd") -> str:
    return STORE.format(url=url, org=org)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of sinks of a test's own."""
    found = tmp_path / "found_by_scan"
    found.mkdir()
    (found / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "FOLDER", "found_by_scan")
    yield found
    for name in [name for name in sys.modules if name.startswith("found_by_scan")]:
        del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.write_text(dedent(text))


def test_a_file_in_the_folder_is_a_sink_and_nothing_else_is_edited(folder: Path, document: Load) -> None:
    write(
        folder / "paper.py",
        """
        from daemon.outlets import Outlet

        def outlets(document):
            return [Outlet("paper", document.file, None, None)]
        """,
    )
    write(folder / "helper.py", "WORDS = 200")
    write(folder / "unused.py", "def outlets(document): return []")
    written = document("")
    assert {name: outlet.mark for name, outlet in outlets(written).items()} == {"paper": written.file}


def test_without_a_section_there_is_no_sink(document: Load) -> None:
    assert outlets(document("")) == {}


def test_influxdb_is_one(document: Load) -> None:
    (outlet,) = outlets(document(influxdb())).values()
    assert outlet.name == "influx"
    assert outlet.linger > 0


def test_the_mark_tells_what_needs_another_connection(document: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def mark(text: str) -> str:
        return outlets(document(text))["influx"].mark

    first = mark(influxdb())
    assert mark(influxdb()) == first
    marks = {first, mark(influxdb("http://127.0.0.2:8086")), mark(influxdb(org="other"))}
    marks.add(mark(influxdb() + 'proxy = "socks5://127.0.0.1:9050"\n'))
    monkeypatch.setenv("TOKEN", "an0ther")
    marks.add(mark(influxdb()))
    assert len(marks) == 5
    assert not any("an0ther" in mark for mark in marks)


async def test_the_doctor_is_told_whether_it_answers(document: Load) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    finding = await outlets(document(influxdb(url)))["influx"].look(SystemClock())
    assert finding.verdict == "bad"
    assert url in finding.name
    assert "t0ken" not in repr(finding)
    assert finding.remedy


# ---- alerts ----

DESK = '[alerts.{name}]\ntype = "webhook"\nurl = "http://127.0.0.1:9/hook"\nsecret = {{ env = "TOKEN" }}\n'


def test_every_alert_is_an_outlet_beside_the_sinks(document: Load) -> None:
    found = outlets(document(influxdb() + DESK.format(name="desk") + DESK.format(name="phone")))
    assert set(found) == {"influx", "alert/desk", "alert/phone"}
    assert [outlet.from_now for outlet in found.values()] == [False, True, True]
    assert not any("t0ken" in repr(outlet.mark) for outlet in found.values())


def test_alerts_are_known_by_the_names_of_the_configuration(document: Load) -> None:
    found = alerts(document(DESK.format(name="desk")))
    assert found["desk"].trial is not None
    assert alerts(document("")) == {}


def test_a_file_in_the_folder_of_alerts_is_a_type(
    folder: Path, document: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        folder / "pigeon.py",
        """
        from daemon.outlets import Outlet

        TYPE = "webhook"

        def outlet(document, name):
            return Outlet(f"pigeon/{name}", document.alerts[name].type, None, None)
        """,
    )
    write(folder / "loft.py", "PIGEONS = 7")
    monkeypatch.setattr(module, "ALERTS", "found_by_scan")
    assert alerts(document(DESK.format(name="desk")))["desk"].name == "pigeon/desk"
