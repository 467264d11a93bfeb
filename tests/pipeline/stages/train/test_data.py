"""Training data: only usable clips of the right size, and random crops that repeat."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from corruptions.types import ClipRandom
from pipeline import models
from pipeline.errors import SettingsError, StageError
from pipeline.models import InputSpec, registry
from pipeline.stages.decode import decode
from pipeline.stages.synthesize import scenes
from pipeline.stages.train.data import (
    Augmentation,
    Reader,
    augment,
    benchmark_crop,
    read_examples,
)
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


def test_crops_of_the_benchmark_have_its_sizes_and_places() -> None:
    """Sides 0.66 to 1 of the shorter side, neighbours at most, on a grid of quarters."""
    height, width, size = 64, 80, 56
    rows, columns = np.mgrid[:height, :width]
    clip = np.stack([np.stack([rows, columns, rows * 0], axis=-1)] * 2).astype(np.uint8)
    sides = (64, 56, 48, 42)
    seen = set()
    for number in range(300):
        crop = benchmark_crop(clip, (1.0, 0.875, 0.75, 0.66), False, size, random(str(number)))
        assert crop.shape == (2, size, size, 3)
        assert np.array_equal(crop[0], crop[1])
        top, bottom = int(crop[0, 0, 0, 0]), int(crop[0, -1, 0, 0])
        left, right = int(crop[0, 0, 0, 1]), int(crop[0, 0, -1, 1])
        high = min(sides, key=lambda side: abs(side - (bottom - top + 1)))
        wide = min(sides, key=lambda side: abs(side - (right - left + 1)))
        assert abs(sides.index(high) - sides.index(wide)) <= 1
        steps = (height - high) // 4, (width - wide) // 4
        nearest = [min(range(5), key=lambda n: abs(n * step - at)) if step else 0  # noqa: B023 - used at once
                   for step, at in zip(steps, (top, left), strict=True)]  # fmt: skip
        assert all(
            abs(n * step - at) <= 1 for n, step, at in zip(nearest, steps, (top, left), strict=True)
        )
        seen.add((high, wide))
    assert len(seen) == 10  # 4 equal pairs and 3 neighbours in both orders


def test_another_offset_in_every_epoch_and_the_same_in_every_run(project: Path) -> None:
    paths, params = DatasetPaths(project, "demo"), params_of(project)
    spec = registry.load(MODEL).input
    examples = read_examples(paths, "train", params, spec, MODEL)
    moving = Augmentation((1.0,), False, spec.size, temporal_offset=True)
    reader = Reader(examples, random, augmentation=moving, keep=True)
    assert not reader.keeps
    epochs = [reader((epoch, [0]))[0] for epoch in range(6)]
    assert {tuple(frames.shape) for frames in epochs} == {(1, spec.frames, spec.size, spec.size, 3)}
    assert len({frames.numpy().tobytes() for frames in epochs}) > 1
    again = Reader(examples, random, augmentation=moving, keep=False)
    assert torch.equal(again((1, [0]))[0], epochs[1])
    start = examples.read(0, 0.0)
    assert np.array_equal(start[0], examples.read(0)[0])


def test_larger_pictures_are_cropped_only_by_the_benchmark_s_crops(project: Path) -> None:
    paths, params = DatasetPaths(project, "demo"), params_of(project)
    spec = InputSpec(frames=16, size=96, mean=(0.5,) * 3, std=(0.5,) * 3)
    examples = read_examples(paths, "train", params, spec, MODEL, larger=True)
    crops = Augmentation((1.0, 0.875), False, 96, "benchmark")
    frames, _ = Reader(examples, random, augmentation=crops, keep=True)((0, [0, 1]))
    assert frames.shape == (2, 16, 96, 96, 3)


def test_crops_come_from_the_whole_picture_that_is_stored(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(project, root)
    picture = {"short_side": 120, "crop": 112, "training": "whole"}
    params = params_of(root, crops="benchmark", decode={"pictures": {"demo": picture}})
    decode(params, root, "demo")
    paths = DatasetPaths(root, "demo")
    spec = registry.load(MODEL).input
    examples = read_examples(paths, "train", params, spec, MODEL, larger=True)
    assert {(clip.height, clip.width) for clip in examples.clips} == {(120, 150)}  # of 64 x 80
    crops = Augmentation((1.0,), False, spec.size, "benchmark")
    whole = examples.read(0)
    reader = Reader(examples, random, augmentation=crops, keep=True)
    seen = set()
    for epoch in range(20):
        (crop,) = reader((epoch, [0]))[0].numpy()
        for left in (0, 7, 14, 21, 28):  # quarters of 150 - 120
            square = whole[:, :, left : left + 120]
            frames = np.stack([cv2.resize(np.ascontiguousarray(one), (112, 112)) for one in square])
            if np.array_equal(crop, frames):
                seen.add(left)
    assert {0, 28} <= seen
    with pytest.raises(SettingsError, match="clips are 150 x 120, .*crops to benchmark"):
        read_examples(paths, "train", params, spec, MODEL)
