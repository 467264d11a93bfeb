"""A source that disappears or changes during the run: the run ends, and no row is left of it."""

import os
import signal
from pathlib import Path

import pytest

from pipeline.datasets.clip_rows import FoundClip
from pipeline.datasets.listed_clip import ListedClip
from pipeline.datasets.probe import ProbeLimits, ProbeTask, probe_clips
from pipeline.datasets.source_clips import Sources
from pipeline.errors import StageError
from pipeline.params import load
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.survival.running import start
from tests.survival.stages import STAGES, Stages, anything_new, finals


@pytest.mark.parametrize("change", ["gone", "other bytes"])
@pytest.mark.parametrize("stage", ["decode", "packet_loss"])
def test_a_source_that_changes_during_the_run(stages: Stages, stage: str, change: str) -> None:
    root = stages.copy(stage)
    before = finals(root)
    run = start(root, STAGES[stage])
    while not anything_new(root, before) and not run.ended_within(0.01):
        pass  # until the first shard is there
    os.kill(run.pid, signal.SIGSTOP)
    video = last_source(root)
    aside = root.with_name("aside")
    video.rename(aside)
    if change == "other bytes":
        video.write_bytes(aside.read_bytes()[:-1] + b"x")
    os.kill(run.pid, signal.SIGCONT)
    assert "changed or disappeared since the filter stage read it" in run.fail()
    stages.check_wholeness(stage, root) if change == "gone" else None
    aside.replace(video)
    stages.finish(stage, root)


def last_source(root: Path) -> Path:
    """The video that decode and corrupt read last."""
    rows = manifest.read_rows(DatasetPaths(root, "demo").clips, schemas.CLIPS)
    usable = [row for row in rows if row["status"] == "ok" and row["split"] == "val"]
    return root / "data/demo/videos" / usable[-1]["source_path"]


def test_a_source_that_is_replaced_between_two_frames(stages: Stages) -> None:
    root = stages.copy("decode")
    rows = manifest.read_rows(DatasetPaths(root, "demo").clips, schemas.CLIPS)
    row = next(row for row in rows if row["status"] == "ok")
    path = root / "data/demo/videos" / row["source_path"]
    pictures = Sources.of("demo", load(root / "params.yaml"), root).pictures(row)
    next(pictures)
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)  # the same bytes, but who knows that of a file that is being copied
    with pytest.raises(StageError, match="is being written"):
        list(pictures)


def test_a_listed_file_that_is_gone_when_its_turn_comes_is_no_row(tmp_path: Path) -> None:
    clip = ListedClip("key", "id", "val", 0, "label", 0, 0, 1)
    limits = ProbeLimits(tmp_path, "demo", min_frames=8, max_pixels=1 << 20, timeout_seconds=60)
    task = ProbeTask((FoundClip(clip, "gone.mp4", None),), limits)
    with pytest.raises(StageError, match="changed or disappeared while it was read"):
        probe_clips(task)
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nothing")
    assert probe_clips(task)[0]["reason"] == "no such file"
