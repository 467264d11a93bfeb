"""Streams for adaptation: frames, views, whole pictures, batches and the marks of cells."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from pipeline.datasets.frame_rules import DenseFrames, SegmentFrames, UniformFrames
from pipeline.datasets.on_the_fly import CorruptedClips, CorruptedStream
from pipeline.errors import SettingsError, StageError
from tests.support.project import make_project, run_stages


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 3 clips, of 12 to 14 frames, with one stored corruption."""
    folder = tmp_path_factory.mktemp("project")
    params = make_project(folder, num_clips=3, num_train=1, severities=[3])
    run_stages(params, folder, corruptions=["fog"])
    return folder


def clips(root: Path, name: str = "fog", **options: Any) -> CorruptedClips:
    severity = 0 if name == "clean" else 3
    return CorruptedClips("demo", name, severity, params=root / "params.yaml", **options)


def stream(root: Path, **options: Any) -> CorruptedStream:
    values = {"cells": [("fog", 3), ("clean", 0)], "frames": [0]} | options
    return CorruptedStream("demo", params=root / "params.yaml", **values)


def same(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["clean", "fog", "shot_noise", "h264_crf"])
def test_frames_are_those_of_the_whole_clip(root: Path, name: str) -> None:
    whole = clips(root, name)[1]["clip"]
    same(clips(root, name, frames=[7, 0, 7])[1]["clip"], whole[[7, 0, 7]])
    views = clips(
        root, name, frames={"few": UniformFrames(2), "windows": DenseFrames(3, windows=2)}
    )
    found = views[1]["clip"]
    same(found["few"], whole[[0, 6]])
    same(found["windows"], torch.stack([whole[:3], whole[-3:]]))


def test_a_transform_gets_every_view(root: Path) -> None:
    seen = clips(root, frames={"a": [0], "b": [1, 2]}, transform=lambda view: len(view))
    assert seen[0]["clip"] == {"a": 1, "b": 2}


def test_random_frames_belong_to_clip_and_epoch(root: Path) -> None:
    rule = SegmentFrames(4, random=True)
    same(clips(root, frames=rule)[0]["clip"], clips(root, frames=rule)[0]["clip"])
    found = [one["clip"] for one in stream(root, cells=[("fog", 3)], frames=rule, epochs=2)]
    assert not torch.equal(found[0], found[3])


@pytest.mark.parametrize("name", ["clean", "fog", "motion_blur", "h264_crf"])
def test_whole_pictures_keep_the_short_side(root: Path, name: str) -> None:
    """Videos of 96 x 64, short side 48, crop 40."""
    whole = clips(root, name, cropped=False, frames=[0, 5])[0]["clip"]
    cropped = clips(root, name, frames=[0, 5])[0]["clip"]
    height, width = whole.shape[1:3]
    assert min(height, width) == 48
    assert width > height
    assert cropped.shape == (2, 40, 40, 3)
    if name in ("clean", "motion_blur"):  # each pixel by itself, but for the payload's JPEG
        top, left = (height - 40) // 2, (width - 40) // 2
        inside, beside = (
            (whole[:, top : top + 40, at : at + 40].int() - cropped.int()).abs().float().mean()
            for at in (left, left + 3)
        )
        assert inside < 4 < beside / 2


def test_stored_cells_are_the_computed_ones(root: Path) -> None:
    rule = UniformFrames(5)
    for name in ("fog", "clean"):
        for made, read in zip(
            clips(root, name, frames=rule), clips(root, name, frames=rule, stored=True), strict=True
        ):  # type: ignore[arg-type]
            same(made["clip"], read["clip"])
            assert made["key"] == read["key"]
    with pytest.raises(StageError, match="rain.parquet: no such file"):
        clips(root, "rain", stored=True)[0]
    with pytest.raises(SettingsError, match="shards hold cropped pictures"):
        clips(root, stored=True, cropped=False)


def marks(stream: CorruptedStream, workers: int = 0) -> list[tuple[str, str, int, bool]]:
    loader: DataLoader[dict[str, Any]] = DataLoader(stream, batch_size=None, num_workers=workers)
    return [(one["corruption"], one["key"], one["epoch"], one["cell_start"]) for one in loader]


def test_marks_are_where_a_cell_starts(root: Path) -> None:
    found = marks(stream(root, epochs=2))
    assert [mark for *_, mark in found] == [True, *[False] * 5] * 2
    assert [epoch for _, _, epoch, _ in found] == [0, 0, 0, 1, 1, 1] * 2
    mixed = marks(stream(root, epochs=2, mix=True, shuffle_seed=0))
    assert [mark for *_, mark in mixed] == [True, *[False] * 11]
    assert [example["cell_start"] for example in clips(root, frames=[0])] == [True, False, False]  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", [{}, {"mix": True}, {"mix": "one", "epochs": 2}])
def test_the_order_is_that_of_one_process(root: Path, options: dict[str, Any]) -> None:
    values = {"shuffle_seed": 0, "cells": [("fog", 3), ("contrast", 3), ("clean", 0)]} | options
    alone = marks(stream(root, **values))
    assert marks(stream(root, **values), workers=2) == alone


def test_batches_are_those_of_one_process_and_of_one_cell(root: Path) -> None:
    def seen(workers: int) -> list[tuple[list[str], list[str], list[bool]]]:
        loader: DataLoader[dict[str, Any]] = DataLoader(
            stream(root, batch_size=2, shuffle_seed=0), batch_size=None, num_workers=workers
        )
        return [(one["corruption"], one["key"], one["cell_start"].tolist()) for one in loader]

    found = seen(0)
    assert [one[0] for one in found] == [["fog"] * 2, ["fog"], ["clean"] * 2, ["clean"]]
    assert [one[2] for one in found] == [[True, False], [False]] * 2
    assert seen(2) == found


@pytest.mark.parametrize("workers", [0, 2])
def test_the_mark_moves_to_the_first_clip_that_can_be_made(
    root: Path, tmp_path: Path, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Clips of 12 to 14 frames, of which only those with 12 may be decoded."""
    params = tmp_path / "params.yaml"
    text = (root / "params.yaml").read_text()
    params.write_text(text.replace("max_frames: 3000", "max_frames: 12"))
    for name in ("data/demo/videos", "manifests/demo/clips.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(root / name)
    for seed in range(2):
        with caplog.at_level(logging.ERROR):
            found = marks(stream(tmp_path, shuffle_seed=seed), workers)
        assert [(name, mark) for name, _, _, mark in found] == [("fog", True), ("clean", True)]


def test_wrong_questions_are_refused(root: Path) -> None:
    for options, words in (
        ({"mix": "cells"}, r"mix: unknown \(got 'cells'\)"),
        ({"mix": True}, "shuffle_seed: None with mix = True"),
        ({"epochs": 0}, r"epochs: must be at least 1 \(got 0\)"),
        ({"batch_size": 0}, r"batch_size: must be at least 1 \(got 0\)"),
        ({"cells": []}, "cells: none"),
        ({"num_frames": 2}, "num_frames and frames: both given"),
    ):
        with pytest.raises(SettingsError, match=words):
            stream(root, **options)
    with pytest.raises(SettingsError, match="index 99 of a clip with 12 frames"):
        clips(root, frames=[99])[0]


def test_the_seed_of_a_stream_changes_no_pixel(root: Path) -> None:
    """The seed of a stream orders clips; it does not change the benchmark's pixels."""
    one = next(iter(stream(root, cells=[("shot_noise", 3)], shuffle_seed=None)))
    other = next(
        example
        for example in stream(root, cells=[("shot_noise", 3)], shuffle_seed=7)
        if example["key"] == one["key"]
    )
    np.testing.assert_array_equal(one["clip"].numpy(), other["clip"].numpy())
