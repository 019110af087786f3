"""One writer, also across processes, and a message that names the holder."""

import os
import subprocess
import sys

import pytest

from daemon.journal.lock import Lock, lock_path
from daemon.journal.schema import JournalRefused

HOLD = """
import sys
from pathlib import Path
from daemon.journal.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_refused_with_the_process_of_the_first(path):
    lock = Lock(path)
    with pytest.raises(JournalRefused, match=rf"journal\.db is in use by another reachd \(process {os.getpid()}\)"):
        Lock(path)
    lock.release()


def test_a_released_lock_can_be_taken_again(path):
    Lock(path).release()
    Lock(path).release()
    assert lock_path(path).read_bytes() == b""


def test_a_lock_whose_owner_was_killed_is_free(path):
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(JournalRefused, match=f"process {other.pid}"):
            Lock(path)
        other.kill()
        other.wait()
    Lock(path).release()


def test_a_child_that_outlives_us_does_not_hold_the_lock(path):
    lock = Lock(path)
    with subprocess.Popen(["sleep", "30"]) as child:
        lock.release()
        Lock(path).release()
        child.kill()


def test_two_journals_in_a_folder_have_a_lock_each(path):
    one, other = Lock(path), Lock(path.with_name("other.db"))
    one.release()
    other.release()
