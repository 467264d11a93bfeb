"""Files appear whole or not at all."""

from pathlib import Path

import pytest

from pipeline.io.atomic import atomic, sha256_file, write_text


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


def test_unchanged_text_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "same")
    before = path.stat().st_mtime_ns
    write_text(path, "same")
    assert path.stat().st_mtime_ns == before
    assert sha256_file(path).startswith("0967115f2813a3541eaef77de9d9d577")
