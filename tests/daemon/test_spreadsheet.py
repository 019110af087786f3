import csv
import io
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rows import Annotation, Row
from daemon.spreadsheet import COLUMNS, cells, write_csv
from probes.record import Answer, Facts, Failure, Kind, Phase, Purpose, Record, Series, TcpInfo, Timing

AT = 1_770_840_011_300_000
SERIES = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ru1", "ipv4")
GOOD = Record(
    SERIES,
    due=1_770_840_000_000_000,
    began=1_770_840_001_204_311,
    seconds=0.25,
    timings=(Timing(Phase.DNS, 0.0, 0.05), Timing(Phase.TCP, 0.05, 0.1), Timing(Phase.DNS, 0.15, 0.1)),
    failure=None,
    facts=Facts(),
    version="tcp/1",
)


def row_of(record):
    named = {name: cell for (name, _, _), cell in zip(COLUMNS, cells(Row(1, AT, record), record), strict=True)}
    return {name: cell for name, cell in named.items() if cell not in {None, ""}}


def text_of(*bodies):
    file = io.StringIO(newline="")
    write_csv([Row(number, AT, body) for number, body in enumerate(bodies, 1)], file)
    return file.getvalue()


def test_a_good_record_fills_these_cells():
    assert row_of(GOOD) == {
        "at": "2026-02-11T20:00:11.3Z",
        "id": GOOD.id,
        "due": "2026-02-11T20:00:00Z",
        "began": "2026-02-11T20:00:01.204311Z",
        "seconds": 0.25,
        "purpose": "slot",
        "attempt": 1,
        "version": "tcp/1",
        "service": "whatsapp",
        "role": "chat",
        "endpoint": "g.whatsapp.net:5222",
        "probe": "tcp",
        "vantage": "ru1",
        "family": "ipv4",
        "result": "ok",
        "dns_seconds": 0.15,
        "tcp_seconds": 0.1,
    }


@pytest.mark.parametrize(("kind", "result"), [(Kind.TIMEOUT, "failed"), (Kind.LOCAL, "local")])
def test_a_failure_says_where_and_how(kind, result):
    row = row_of(replace(GOOD, failure=Failure(Phase.TCP, kind, "no answer")))
    assert (row["result"], row["phase"], row["kind"], row["detail"]) == (result, "tcp", kind, "no answer")


def test_facts_lie_flat():
    row = row_of(
        replace(
            GOOD,
            purpose=Purpose.CONFIRM,
            of="ABC",
            facts=Facts(
                address="10.0.0.1",
                addresses=("10.0.0.1", "10.0.0.2"),
                answers=(Answer(0.012, "NOERROR", (), ("10.0.0.1",)), Answer(0.3, "NXDOMAIN")),
                status=200,
                bytes_in=0,
                tcp=TcpInfo(31_250, 2, 0, 518, 20_312, 9, 21),
                extra={"note": "второй"},
            ),
        )
    )
    assert row["of"] == "ABC"
    assert row["addresses"] == "10.0.0.1 10.0.0.2"
    assert row["answers"] == "0.012000 NOERROR 10.0.0.1; 0.300000 NXDOMAIN"
    assert (row["status"], row["bytes_in"], row["tcp_rtt"], row["tcp_retransmits"]) == (200, 0, 31_250, 2)
    assert row["extra"] == '{"note": "второй"}'


def test_every_fact_has_a_column():
    names = {name for name, _, _ in COLUMNS}
    flat = {field.name for field in fields(Facts)} - {"tcp"}
    assert flat | {f"tcp_{field.name}" for field in fields(TcpInfo)} <= names


def test_every_column_has_its_own_name_and_a_meaning():
    names = [name for name, _, _ in COLUMNS]
    assert len(set(names)) == len(names)
    assert all(meaning.endswith(".") for _, meaning, _ in COLUMNS)


def test_a_header_comes_first_even_without_records():
    assert text_of().splitlines() == [",".join(name for name, _, _ in COLUMNS)]


def test_rows_that_are_no_records_are_left_out():
    assert len(text_of(Annotation("a"), GOOD, Annotation("b")).splitlines()) == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\tx", "=cmd|' /C calc'!A0"])
def test_no_server_writes_a_formula_into_a_spreadsheet(text):
    assert row_of(replace(GOOD, facts=Facts(server=text)))["server"] == f"'{text}"


def test_a_negative_number_stays_a_number():
    assert row_of(replace(GOOD, seconds=-1.0))["seconds"] == -1.0


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_commas_quotes_and_line_ends_survive(detail):
    record = replace(GOOD, failure=Failure(Phase.APP, Kind.UNKNOWN, detail))
    (read,) = csv.DictReader(io.StringIO(text_of(record), newline=""))
    assert read["detail"].removeprefix("'") == detail.removeprefix("'")
    assert read["id"] == record.id
