import gzip
import io
import sqlite3
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.lines import STDIN, is_journal, read_lines
from daemon.rows import Annotation
from daemon.wire_in import WireError


def remark(text):
    return f'{{"reachd": "annotation/1", "at": "2026-02-11T20:00:00Z", "text": "{text}"}}'


THREE = "\n".join(map(remark, "abc")) + "\n"


def read(path):
    return [(row.seq, row.body) for row in read_lines(path)]


def written(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    "data",
    [
        THREE,
        THREE.rstrip("\n"),
        THREE.replace("\n", "\r\n"),
        "\ufeff" + THREE,
        gzip.compress(THREE.encode()),
        gzip.compress(THREE[:90].encode()) + gzip.compress(THREE[90:].encode()),
    ],
    ids=["plain", "no last line end", "windows", "byte order mark", "gzip", "two gzip members"],
)
def test_lines_are_read_however_they_are_packed(tmp_path, data):
    path = written(tmp_path / "rows", data)
    assert read(path) == [(1, Annotation("a")), (2, Annotation("b")), (3, Annotation("c"))]


def test_blank_lines_are_passed_over_and_counted(tmp_path):
    path = written(tmp_path / "rows.jsonl", f"\n{remark('a')}\n  \n{remark('b')}\n\n")
    assert read(path) == [(2, Annotation("a")), (4, Annotation("b"))]


@pytest.mark.parametrize("data", [b"", b"\n\n", gzip.compress(b"")], ids=["nothing", "blank", "packed"])
def test_an_empty_file_has_no_rows(tmp_path, data):
    assert read(written(tmp_path / "rows", data)) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_a_dash(monkeypatch, pack):
    stdin = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(pack(THREE.encode()))))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert len(read(STDIN)) == 3
    assert not stdin.buffer.closed


def test_an_error_names_file_and_line(tmp_path):
    path = written(tmp_path / "old.jsonl", f"{remark('a')}\n{remark('b')[:-4]}\n")
    with pytest.raises(WireError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:2: no JSON")


def test_an_error_on_standard_input_says_so(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"x\n"))))
    with pytest.raises(WireError, match=r"^stdin:1: "):
        read(STDIN)


def test_a_gzip_file_that_was_cut_off_gives_its_rows_and_then_says_so(tmp_path):
    many = "".join(f"{remark(number)}\n" for number in range(20_000))
    packed = gzip.compress(many.encode())
    path = written(tmp_path / "rows.gz", packed[: len(packed) // 2])
    rows = read_lines(path)
    assert next(rows).body == Annotation("0")
    with pytest.raises(WireError, match=r"rows\.gz:\d+: .*cut off"):
        list(rows)


def test_a_damaged_gzip_file_says_so(tmp_path):
    packed = bytearray(gzip.compress("".join(map(remark, "abcdefgh")).encode()))
    packed[20] ^= 0xFF
    with pytest.raises(WireError, match="damaged or cut off"):
        read(written(tmp_path / "rows.gz", bytes(packed)))


def test_the_file_is_closed_when_nobody_reads_on(tmp_path):
    rows = read_lines(written(tmp_path / "rows", THREE))
    next(rows)
    rows.close()  # a leaked file would fail the test by its warning


def test_a_journal_is_told_by_its_first_bytes(tmp_path):
    journal = tmp_path / "journal.jsonl"
    connection = sqlite3.connect(journal)
    connection.execute("create table a (b)")
    connection.close()
    assert is_journal(journal)
    assert not is_journal(written(tmp_path / "journal.db", THREE))
    assert not is_journal(written(tmp_path / "empty", b""))
    assert not is_journal(STDIN)


def test_a_file_that_is_not_there_is_an_os_error():
    with pytest.raises(FileNotFoundError):
        is_journal(Path("nowhere.jsonl"))
    with pytest.raises(FileNotFoundError):
        read(Path("nowhere.jsonl"))
