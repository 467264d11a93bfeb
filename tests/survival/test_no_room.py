"""Disk full in the middle of a file: one clear line, and with more room the same command finishes.

A small file system of its own is the real thing, where the tests may mount one; a limit on the size
of files breaks off writing in the same places everywhere.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.survival.running import start
from tests.survival.stages import STAGES, Stages

ROOM = {
    "synthesize": ("data/demo/videos", 40),
    "filter": ("manifests/demo", 4),
    "decode": ("data/demo/clean", 100),
    "fog": ("data/demo/corrupted/fog", 100),
    "h265_crf": ("data/demo/corrupted/h265_crf", 60),
    "train": ("data/demo/train", 300),
    "evaluate": ("data/demo/evaluate", 20),
    "report": ("report", 200),
}
"""Where a stage writes, and kilobytes that do not suffice."""


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A file system of its own at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("no right to mount; the limit on the size of files is tested instead")
    try:
        yield
    finally:
        kept = folder.with_name(f"{folder.name}.kept")
        shutil.copytree(folder, kept)
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        kept.rename(folder)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("stage", ROOM)
def test_a_full_disk_is_one_clear_line(stages: Stages, stage: str) -> None:
    root = stages.copy(stage)
    name, kilobytes = ROOM[stage]
    with small_disk(root / name, kilobytes):
        said = start(root, STAGES[stage]).fail()
        assert "No space left on device" in said
        stages.check_wholeness(stage, root)
    stages.finish(stage, root)


def test_a_full_disk_for_temporary_files_is_no_clips_fault(stages: Stages) -> None:
    root = stages.copy("h265_crf")
    small = root.with_name("small")
    with small_disk(small, 4):
        run = start(root, STAGES["h265_crf"], TMPDIR=str(small))
        assert "No space left on device" in run.fail()
    stages.check_wholeness("h265_crf", root)
    stages.finish("h265_crf", root)


@pytest.mark.parametrize("stage", ["synthesize", "decode", "fog", "h265_crf", "train"])
def test_files_that_may_not_grow(stages: Stages, stage: str) -> None:
    root = stages.copy(stage)
    said = start(root, STAGES[stage], partial(limit_files, 2_000)).fail()
    assert "File too large" in said
    stages.check_wholeness(stage, root)
    stages.finish(stage, root)


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    log = os.fstat(1).st_size
    assert log < size
