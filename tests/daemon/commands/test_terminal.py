import io
import os
import sys

import pytest

from daemon.commands.terminal import complain, err, out, printable, quietly, watched, write_lines


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_complaint_goes_to_stderr_and_gives_the_code(capsys):
    assert complain("no journal at [here]") == 2
    assert complain("differs", code=1) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "reachd: no journal at [here]\nreachd: differs\n"


def test_a_fault_of_the_system_is_told_with_its_file_and_without_its_number(capsys):
    complain(FileNotFoundError(2, "No such file or directory", "old.jsonl"))
    assert capsys.readouterr().err == "reachd: old.jsonl: no such file or directory\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nginx/1.2", "nginx/1.2"),
        ("закрыто", "закрыто"),
        ("\x1b[2J\x07gone", "\ufffd[2J\ufffdgone"),
        ("a\nb\tc", "a\ufffdb\ufffdc"),
        ("\u202eevil", "\ufffdevil"),
    ],
)
def test_what_a_stranger_wrote_cannot_steer_a_terminal(text, shown):
    assert printable(text) == shown


def test_text_is_printed_as_it_is(capsys):
    out().print("[bold]not markup[/bold] :smile:")
    err().print("[red]nor here")
    said = capsys.readouterr()
    assert said.out == "[bold]not markup[/bold] :smile:\n"
    assert said.err == "[red]nor here\n"


def test_a_program_gets_wide_lines(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    out().print("word " * 30)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_lines_come_one_by_one(capsys):
    def lines():
        yield "a"
        assert capsys.readouterr().out == "a\n", "flushed before the next is made"
        yield "b"

    write_lines(lines())
    assert capsys.readouterr().out == "b\n"


def test_a_command_that_ends_well_gives_its_code():
    assert quietly(lambda: 3) == 3


def test_ctrl_c_is_no_traceback():
    def work():
        raise KeyboardInterrupt

    assert quietly(work) == 130


def test_a_reader_that_leaves_early_is_no_error(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)

        def work():
            write_lines(["x"] * 10)
            return 1

        assert quietly(work) == 0
        pipe.write("what is left goes nowhere")


def test_progress_is_for_a_person_who_waits(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert list(watched(range(2_500), "rows")) == list(range(2_500))
    assert "rows" in screen.getvalue()


@pytest.mark.parametrize(("stdout", "stderr"), [(io.StringIO, io.StringIO), (Terminal, Terminal)])
def test_no_progress_where_nobody_looks_or_it_would_mix_with_results(monkeypatch, stdout, stderr):
    streams = stdout(), stderr()
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    assert list(watched("abc", "rows")) == ["a", "b", "c"]
    assert [stream.getvalue() for stream in streams] == ["", ""]
