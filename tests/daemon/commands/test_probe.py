"""`reachd probe`: measures now, says it in a table or in record lines, and exits by what came out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.commands.probe import probe, result, verdict
from daemon.wire_in import row_of
from probes.record import Failure, Kind, Phase, Record
from tests.lab.daemons import answering_port, command, one_service
from tests.lab.samples import failed, record
from tests.lab.servers import closed_port

ELSEWHERE = '\n[vantages.away]\ntype = "source"\naddress = "192.0.2.10"\nresolver = "192.0.2.53"\nconsent = "mine"\n'
"""An address that this machine does not have: every run from there is a fault of our own."""


@pytest.fixture
def port():
    with answering_port() as number:
        yield number


def measured(
    words: list[str], config: Path | None, *, json: bool = False, diagnosing: bool = False, **options: str | None
) -> int:
    chosen = {name: options.get(name) for name in ("probe_type", "vantage")}
    return probe(words, config, **chosen, json=json, diagnosing=diagnosing)


# ---- exit codes ----


def test_0_where_all_is_well(tmp_path: Path, port: int, said) -> None:
    assert measured(["lab"], one_service(tmp_path, f"127.0.0.1:{port}")) == 0
    out, _ = said()
    assert out.splitlines()[0].split() == [
        "endpoint",
        "probe",
        "vantage",
        "family",
        "result",
        "phases",
        "(ms)",
        "address",
    ]
    assert out.splitlines()[1].split()[:5] == [f"127.0.0.1:{port}", "tcp", "here", "ipv4", "ok"]


def test_1_where_something_failed(tmp_path: Path, port: int, said) -> None:
    config = one_service(tmp_path, f"127.0.0.1:{port}", f"127.0.0.1:{closed_port()}")
    assert measured(["lab"], config) == 1
    assert "tcp: connection_refused" in said()[0]


def test_2_where_the_words_mean_nothing(tmp_path: Path, said) -> None:
    said_of = "lba: no service of this configuration: choose lab, or a target such as example.org:443"
    assert measured(["lba"], one_service(tmp_path, "127.0.0.1:9")) == 2
    assert said() == (
        "",
        f"reachd: {said_of}; did you mean lab\n",
    )


def test_2_where_the_configuration_is_wrong(tmp_path: Path, said) -> None:
    assert measured(["lab"], one_service(tmp_path, "nonsense")) == 2
    assert "lab.toml:8: endpoints[0].target" in said()[1]


def test_3_where_every_fault_is_our_own(tmp_path: Path, port: int, said) -> None:
    config = one_service(tmp_path, f"127.0.0.1:{port}", more=ELSEWHERE)
    assert measured(["lab"], config, vantage="away") == 3
    assert "tcp: local" in said()[0]


def test_what_finds_no_room_in_the_limits_is_told(
    tmp_path: Path, port: int, said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.errand.PATIENCE", -1.0)
    config = one_service(tmp_path, f"127.0.0.1:{port}")
    config.write_text(config.read_text().replace("burst = 200", "burst = 1").replace('"0.1s"', '"100s"'))
    (tmp_path / "lab.toml").write_text((tmp_path / "lab.toml").read_text().replace('every = "1s"', 'every = "200s"'))
    assert measured(["lab", "lab", "lab"], config) == 0
    assert "2 of 3 series not measured: their addresses had no room in their limits" in said()[1]


def local(record: Record) -> Record:
    return replace(record, failure=Failure(Phase.TCP, Kind.LOCAL, "EMFILE"))


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], 3),
        ([record()], 0),
        ([record(), failed()], 1),
        ([local(record())], 3),
        ([local(record()), record()], 0),
        ([local(record()), failed()], 1),
    ],
)
def test_the_verdict(records: list[Record], code: int) -> None:
    assert verdict(records) == code


# ---- what it says ----


def test_json_is_record_lines_and_nothing_else(tmp_path: Path, port: int, said) -> None:
    config = one_service(tmp_path, f"127.0.0.1:{port}", f"127.0.0.1:{closed_port()}")
    assert measured(["lab"], config, json=True) == 1
    bodies = [row_of(line, number).body for number, line in enumerate(said()[0].splitlines())]
    assert {body.failure.kind if body.failure else "ok" for body in bodies} == {"ok", Kind.REFUSED}
    assert {body.purpose for body in bodies} == {"manual"}
    assert all(body.due == body.began for body in bodies)


def test_a_closer_look_is_a_table_of_what_was_compared_and_a_sentence(tmp_path: Path, said) -> None:
    assert measured(["lab"], one_service(tmp_path, f"127.0.0.1:{closed_port()}"), diagnosing=True) == 1
    out, _ = said()
    assert "refused in phase tcp; the comparison does not show why [nothing_found]" in " ".join(out.split())
    assert "as it is measured" in out


def test_a_closer_look_in_json_is_a_record_that_holds_it(tmp_path: Path, said) -> None:
    config = one_service(tmp_path, f"127.0.0.1:{closed_port()}")
    assert measured(["lab"], config, json=True, diagnosing=True) == 1
    body = row_of(said()[0], 1).body
    assert isinstance(body, Record)
    assert body.facts.diagnosis
    assert body.facts.diagnosis.cells[0].kind == Kind.REFUSED


def test_a_target_that_no_service_describes(tmp_path: Path, port: int, said) -> None:
    config = one_service(tmp_path, "127.0.0.1:9")
    assert measured([f"127.0.0.1:{port}"], config, json=True) == 0
    line = json.loads(said()[0])
    assert (line["series"]["service"], line["series"]["endpoint"]) == ("manual", f"127.0.0.1:{port}")


def test_it_writes_no_journal(tmp_path: Path, port: int) -> None:
    found = command("probe", "lab", "--config", str(one_service(tmp_path, f"127.0.0.1:{port}")), folder=tmp_path)
    assert found.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"reachd.toml", "lab.toml"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "ok"),
        ({"facts": replace(record().facts, status=204)}, "ok 204"),
        ({"failure": Failure(Phase.TLS, Kind.TIMEOUT)}, "tls: generic_timeout_error"),
        ({"failure": Failure(Phase.TCP, Kind.LOCAL, "EMFILE")}, "tcp: local (EMFILE)"),
    ],
)
def test_the_result_in_a_word(changes, words: str) -> None:
    assert result(record(**changes)) == words


def test_what_a_stranger_wrote_cannot_move_the_cursor(tmp_path: Path, said, monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(*_args: object):
        yield replace(record(), failure=Failure(Phase.HTTP, Kind.TIMEOUT, "\x1b[2Jgone"))

    monkeypatch.setattr("daemon.commands.probe.measure", measure)
    assert measured(["lab"], one_service(tmp_path, "127.0.0.1:9")) == 1
    assert "\x1b" not in said()[0]
