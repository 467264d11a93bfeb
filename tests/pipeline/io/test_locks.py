"""The second run for the same work waits; a killed one leaves no lock."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.io.locks import file_lock
from tests.support.project import REPOSITORY

HOLD = """
import sys, time
from pathlib import Path
from pipeline.io.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> "subprocess.Popen[str]":
    """Another process that has the lock for some seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_waits_and_says_for_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / ".locks" / "decode"
    with caplog.at_level(logging.WARNING), hold(path, 1) as first:
        with file_lock(path):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
            assert first.wait(10) == 0
        assert f"decode: held by process {first.pid} on " in caplog.text


def test_a_killed_holder_leaves_no_lock(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "lock"
    with hold(path, 60) as first:
        first.kill()
        first.wait()
        with file_lock(path):
            assert not caplog.text
