"""Training data: only usable clips of the right size, and random crops that repeat."""

from pathlib import Path

import numpy as np
import pytest

from corruptions.types import ClipRandom
from pipeline import models
from pipeline.errors import SettingsError, StageError
from pipeline.stages.synthesize import scenes
from pipeline.stages.train.data import augment, read_examples
from pipeline.storage import manifest, schemas
from pipeline.storage.paths import DatasetPaths
from tests.pipeline.stages.train.small_run import MODEL, params_of


def test_clips_of_another_size_are_refused(project: Path) -> None:
    layout, params = DatasetPaths(project, "demo"), params_of(project)
    spec = models.InputSpec(frames=16, size=96, mean=(0.5,) * 3, std=(0.5,) * 3)
    with pytest.raises(SettingsError, match=r"set decode\.pictures\.demo\.crop to 96"):
        read_examples(layout, "train", params, spec, MODEL)
    with pytest.raises(StageError, match="no usable clip of split 'test'"):
        read_examples(layout, "test", params, models.load(MODEL).input, MODEL)


def test_failed_clips_are_left_out(project: Path, tmp_path: Path) -> None:
    layout = DatasetPaths(tmp_path, "demo")
    rows = manifest.read_rows(DatasetPaths(project, "demo").manifest("clean"), schemas.CELLS)
    rows[0] |= {"status": "failed"}
    manifest.write(layout.manifest("clean"), rows, schemas.CELLS)
    examples = read_examples(
        layout, rows[0]["split"], params_of(project), models.load(MODEL).input, MODEL
    )
    same = [row for row in rows if row["split"] == rows[0]["split"]]
    assert [clip.key for clip in examples.clips] == [row["key"] for row in same[1:]]


def clip() -> np.ndarray:
    random = ClipRandom(1, "demo", "key", "synthesize", "0")
    return scenes.clip(scenes.scene(random, "moving left", 4, 64, 64))


def random(key: str) -> ClipRandom:
    return ClipRandom(1, "demo", key, "train", MODEL)


def test_crops_keep_shape_and_differ_by_clip() -> None:
    crops = [augment(clip(), (1.0, 0.875, 0.75, 0.66), False, random(str(n))) for n in range(20)]
    assert all(crop.shape == clip().shape and crop.dtype == np.uint8 for crop in crops)
    assert len({crop.tobytes() for crop in crops}) > 10
    again = augment(clip(), (1.0, 0.875, 0.75, 0.66), False, random("3"))
    assert np.array_equal(again, crops[3])


def test_flips_mirror_whole_clips_about_half_of_the_time() -> None:
    flipped = [augment(clip(), (1.0,), True, random(str(number))) for number in range(40)]
    mirrored = clip()[:, :, ::-1]
    count = sum(np.array_equal(some, mirrored) for some in flipped)
    assert 10 < count < 30
    assert all(np.array_equal(some, mirrored) or np.array_equal(some, clip()) for some in flipped)
