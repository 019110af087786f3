"""The doctor's looks: each says what it saw, and what to do where it is not good."""

import errno
import resource
import socket
from pathlib import Path

import pytest

from daemon import fitness
from probes.plugin import Straight


class Loopback(Straight):
    carries = frozenset({"tcp"})

    def families(self) -> frozenset[str]:
        return frozenset({"ipv4"})

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        return socket.socket(family, kind)


class Gone(Loopback):
    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        raise OSError(99, "Cannot assign requested address")


@pytest.mark.parametrize("look", fitness.LOOKS)
def test_every_look_answers_and_a_bad_one_has_a_remedy(look) -> None:
    finding = look()
    assert finding.verdict in {"good", "bad", "unknown"}
    assert finding.what
    assert bool(finding.remedy) == (finding.verdict == "bad")


def test_a_vantage_says_what_it_has() -> None:
    (finding,) = fitness.families({"home": Loopback()})
    assert finding == fitness.Finding(
        "vantage home", "good", "has ipv4; no route to IPv6, so no IPv6 series are planned here"
    )


def test_a_vantage_whose_address_is_gone_is_named() -> None:
    (finding,) = fitness.families({"exit": Gone()})
    assert (finding.name, finding.verdict) == ("vantage exit", "bad")
    assert "Cannot assign requested address" in finding.what
    assert "address, interface or namespace" in finding.remedy


def test_a_namespace_that_may_not_be_entered_is_told_with_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    vantage = Loopback()
    monkeypatch.setattr(vantage, "open", refused)
    (finding,) = fitness.families({"lab": vantage})
    assert "Operation not permitted" in finding.what
    assert "CAP_SYS_ADMIN" in finding.remedy


def test_another_owner_of_our_names_is_named() -> None:
    finding = fitness.packages({"config": ["reachd", "python-config"], "daemon": ["reachd"], "probes": ["reachd"]})
    assert finding.verdict == "bad"
    assert "config (python-config)" in finding.what


def test_our_names_are_ours_here() -> None:
    assert fitness.packages().verdict == "good"


def test_a_small_disk_is_bad_and_the_folder_need_not_exist(tmp_path: Path) -> None:
    journal = tmp_path / "not" / "yet" / "journal.db"
    assert fitness.disk(journal, 1).verdict == "good"
    full = fitness.disk(journal, 10**18)
    assert full.verdict == "bad"
    assert str(journal) in full.what


def test_the_file_limit_can_be_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
        assert fitness.raise_file_limit() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_low_hard_limit_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _what: (256, 256))
    finding = fitness.file_limit()
    assert finding.verdict == "bad"
    assert "LimitNOFILE" in finding.remedy


def test_a_port_in_use_is_bad_and_a_free_one_good() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        used = fitness.port("127.0.0.1", number)
        assert (used.verdict, used.name) == ("bad", f"port 127.0.0.1:{number}")
        assert "[web] listen" in used.remedy
    assert fitness.port("127.0.0.1", number).verdict == "good"
