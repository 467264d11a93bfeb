"""The plan knows whether DVC's cache costs space of its own."""

from pathlib import Path

import pytest

from pipeline.tools.plan.disk import can_link


def test_folders_of_one_disk_can_share_files_and_stay_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert can_link(tmp_path / ".dvc/cache", tmp_path / "data/demo")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert list((tmp_path / "data").iterdir()) == []


def test_folders_of_two_disks_cannot(tmp_path: Path) -> None:
    other = Path("/dev/shm")  # noqa: S108 - another file system, nothing stays there
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is only one file system here")
    assert not can_link(other, tmp_path)
