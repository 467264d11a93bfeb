"""Files appear whole or not at all."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.io.atomic import ABANDONED_SECONDS, atomic, is_abandoned, is_being_written, write_text
from pipeline.io.hashing import sha256_file


def test_a_failed_block_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with atomic(path) as temporary:
        temporary.write_text("old")
        assert not path.exists()
    assert path.read_text() == "old"
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_left_overs_of_a_killed_run_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / ".file.0123abcd.tmp").write_text("half of a killed run")
    with atomic(path) as temporary:
        assert not temporary.exists()
        temporary.write_text("whole")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    """A worker that was given up as lost may still write what another one makes again."""
    path = tmp_path / "file"
    with atomic(path) as lost:
        lost.write_text("the sa")
        with atomic(path) as other:
            other.write_text("the same")
        assert path.read_text() == "the same"
        with lost.open("a") as file:
            file.write("me")
    assert path.read_text() == "the same"
    assert list(tmp_path.iterdir()) == [path]


def test_only_temporaries_of_dead_writers_are_left_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with atomic(path) as alive:
        alive.write_text("")
        dead = alive.with_name(alive.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-"))
        elsewhere = alive.with_name(alive.name.replace("file.", "file.other_"))
        forgotten = alive.with_name(alive.name.replace("file.", "file.forgotten_"))
        for one in (dead, elsewhere, forgotten):
            one.write_text("half")
        os.utime(forgotten, (0, time.time() - ABANDONED_SECONDS - 1))
        assert [is_abandoned(one) for one in (alive, elsewhere)] == [False, False]
        assert [is_abandoned(one) for one in (dead, forgotten)] == [True, True]
        assert is_being_written(elsewhere)
        write_text(path, "whole")
        assert set(tmp_path.iterdir()) == {alive, elsewhere, path}
    assert not is_abandoned(path)


def test_unchanged_text_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "same")
    before = path.stat().st_mtime_ns
    write_text(path, "same")
    assert path.stat().st_mtime_ns == before
    assert sha256_file(path).startswith("0967115f2813a3541eaef77de9d9d577")
