"""`reachd doctor`: what is looked at, and what to do where it is not well."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon import fitness
from daemon.commands.doctor import doctor
from daemon.fitness import Finding
from tests.lab.daemons import OWN, TOP, one_service, service, write_config
from tests.lab.dns_servers import answer, lying_resolver, nxdomain
from tests.lab.proxies import HonestSocks
from tests.lab.servers import accepting, closed_port, serve

Findings = dict[str, dict[str, Any]]
Look = Callable[[Path], Findings]
PAGE = '\n[web]\nlisten = "127.0.0.1:{port}"\n'


@pytest.fixture(autouse=True)
def _fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is fit: what the looks say of this one is tested in test_fitness.py."""
    monkeypatch.setattr(fitness, "LOOKS", (lambda: Finding("clock", "good", "synchronised"),))


def config(folder: Path, more: str = "") -> Path:
    return one_service(folder, "127.0.0.1:9", more=PAGE.format(port=closed_port()) + more)


@pytest.fixture
def findings(said) -> Callable[[], Findings]:
    return lambda: {line["name"]: line for line in map(json.loads, said()[0].splitlines())}


def test_all_is_well(tmp_path: Path, findings) -> None:
    assert doctor(config(tmp_path), json=True) == 0
    found = findings()
    assert list(found)[:2] == ["clock", "disk"]
    assert "vantage here" in found
    assert {line["verdict"] for line in found.values()} == {"good"}
    assert {line["remedy"] for line in found.values()} == {""}


def test_for_people_each_fault_has_what_to_do_below_it(tmp_path: Path, said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "LOOKS", (lambda: Finding("clock", "bad", "wrong", "run chrony"),))
    assert doctor(config(tmp_path), json=False) == 1
    lines = said()[0].splitlines()
    assert lines[0].split() == ["BAD", "clock", "wrong"]
    assert lines[1].split() == ["->", "run", "chrony"]
    assert lines[2].split()[:2] == ["ok", "disk"]


def test_a_port_that_is_taken(tmp_path: Path, findings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert doctor(one_service(tmp_path, "127.0.0.1:9", more=PAGE.format(port=port)), json=True) == 1
    found = findings()[f"port 127.0.0.1:{port}"]
    assert found["verdict"] == "bad"
    assert "[web] listen" in found["remedy"]


def test_a_disk_without_room(tmp_path: Path, findings) -> None:
    assert doctor(config(tmp_path, '\n[retention]\nmin_free = "900000 GB"\n'), json=True) == 1
    assert "the oldest raw rows go early" in findings()["disk"]["remedy"]


def test_a_vantage_that_cannot_send(tmp_path: Path, findings) -> None:
    away = '\n[vantages.away]\ntype = "source"\naddress = "192.0.2.10"\nresolver = "127.0.0.53"\nconsent = "mine"\n'
    assert doctor(config(tmp_path, away), json=True) == 1
    found = findings()
    assert found["vantage here"]["verdict"] == "good"
    assert "cannot open a socket" in found["vantage away"]["what"]


def test_a_store_that_does_not_answer(tmp_path: Path, findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ps3cret")
    url = f"http://127.0.0.1:{closed_port()}"
    store = f'\n[influxdb]\nurl = "{url}"\norg = "o"\nbucket = "b"\ntoken = {{ env = "TOKEN" }}\n'
    assert doctor(config(tmp_path, store), json=True) == 1
    found = findings()[f"InfluxDB {url}"]
    assert found["verdict"] == "bad"
    assert "look at url" in found["remedy"]
    assert "t0ps3cret" not in str(found)


def asking(folder: Path, resolver: str) -> Path:
    """A configuration whose vantage asks a resolver, and a service with a name to ask for."""
    (folder / "names.toml").write_text(
        'name = "names"\ntitle = "Names"\nside = "control"\n\n[[endpoints]]\nrole = "site"\nprobe = "dns"\n'
        'target = "www.control.test"\nevery = "60s"\ntimeout = "1s"\n'
    )
    path = folder / "reachd.toml"
    page = PAGE.format(port=closed_port())
    path.write_text(TOP.format(services='"./names.toml"') + f'resolver = "{resolver}"\n' + page + OWN)
    return path


async def test_the_resolver_of_each_vantage_is_asked(tmp_path: Path, findings) -> None:
    async with lying_resolver(answer("127.0.0.9")) as lab:
        path = asking(tmp_path, lab)
        assert await asyncio.to_thread(doctor, path, json=True) == 0
    found = findings()["resolver of here"]
    assert (found["verdict"], found["what"]) == ("good", "www.control.test/A@vantage has 127.0.0.9")


async def test_a_resolver_that_denies_a_control_name(tmp_path: Path, findings) -> None:
    async with lying_resolver(nxdomain()) as lab:
        path = asking(tmp_path, lab)
        assert await asyncio.to_thread(doctor, path, json=True) == 1
    found = findings()["resolver of here"]
    assert found["verdict"] == "bad"
    assert "dns_nxdomain_error" in found["what"]
    assert "look at resolver" in found["remedy"]


# ---- vantages --------------------------------------------------------------------------------------------------------


def through(folder: Path, port: int, targets: str, more: str = "") -> Path:
    """A configuration that measures a control from here and from behind a proxy."""
    exit_ = f'\n[vantages.exit]\ntype = "socks5"\naddress = "127.0.0.1:{port}"\nconsent = "mine"\n{more}'
    return write_config(folder, {"clear": service("clear", targets, side="control")}, exit_)


async def test_what_each_vantage_can_do_and_how_it_sees_a_control(tmp_path: Path, findings) -> None:
    proxy = HonestSocks(names={"control.lab": "127.0.0.1"})
    async with serve(accepting) as target, serve(proxy.server) as port:
        path = through(tmp_path, port, f"127.0.0.1:{target}", "remote_names = true\nudp = true\n")
        assert await asyncio.to_thread(doctor, path, vantages=True, json=True) == 0
    found = findings()
    assert list(found) == ["vantage exit", "vantage here"]
    what = found["vantage exit"]["what"]
    assert what.startswith("socks5 carries remote_names, tcp, udp; has any and ipv4; names are looked up there; ")
    assert f"127.0.0.1:{target} (tcp) answers after " in what
    assert "; asks system; " in found["vantage here"]["what"]


async def test_a_proxy_that_is_down_is_told_from_a_control_that_is(tmp_path: Path, findings) -> None:
    resolver = 'resolver = "tcp://192.0.2.53"\n'
    async with serve(accepting) as target:
        path = through(tmp_path, closed_port(), f"127.0.0.1:{target}", resolver)
        assert await asyncio.to_thread(doctor, path, vantages=True, json=True) == 1
        exit_ = findings()["vantage exit"]
        assert exit_["verdict"] == "bad"
        assert "fails in proxy: local proxy 127.0.0.1:" in exit_["what"]
        assert "no word of the target" in exit_["remedy"]
    async with serve(HonestSocks().server) as port:
        path = through(tmp_path, port, f"127.0.0.1:{closed_port()}", resolver)
        assert await asyncio.to_thread(doctor, path, vantages=True, json=True) == 1
    exit_ = findings()["vantage exit"]
    assert "fails in proxy: socks_connection_refused" in exit_["what"]
    assert "if other vantages see it" in exit_["remedy"]


def test_without_a_control_nobody_knows(tmp_path: Path, findings) -> None:
    assert doctor(config(tmp_path), vantages=True, json=True) == 0
    found = findings()["vantage here"]
    assert (found["verdict"], "list a service of side control" in found["remedy"]) == ("unknown", True)


async def test_a_vantage_that_looks_names_up_elsewhere_is_not_asked_for_one(tmp_path: Path, findings) -> None:
    async with lying_resolver(answer("127.0.0.9")) as lab, serve(HonestSocks().server) as port:
        path = asking(tmp_path, lab)
        exit_ = (
            f'\n[vantages.exit]\ntype = "socks5"\naddress = "127.0.0.1:{port}"\nconsent = "mine"\nremote_names = true\n'
        )
        path.write_text(path.read_text() + exit_)
        assert await asyncio.to_thread(doctor, path, json=True) == 0
    found = findings()
    assert "resolver of exit" not in found
    assert found["vantage exit"]["what"] == "has any and ipv4"


def test_a_configuration_that_cannot_be_read(tmp_path: Path, said) -> None:
    assert doctor(tmp_path / "missing.toml", json=True) == 2
    assert said()[1] == f"reachd: {tmp_path / 'missing.toml'}:1: cannot be read: no such file or directory\n"
