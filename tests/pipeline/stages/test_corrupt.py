"""Corrupted shards hold the frames of `corruptions.corrupt`, also after an interrupted run."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import corruptions
from pipeline.errors import StageError
from pipeline.params import Params
from pipeline.stages.corrupt import corrupt
from pipeline.storage import manifest, schemas
from pipeline.storage.payload import read_payload
from pipeline.storage.rows import CellRow
from pipeline.storage.shards import read_member
from tests.support.project import make_project, run_stages, tree, write_params

ALL14 = corruptions.names(set="all14")
PIXELS = [name for name in ALL14 if corruptions.load(name).acts_on == "pixels"]
FFV1 = {"payload": {"codec": "ffv1"}}


def make_decoded(root: Path, num_clips: int = 4, **changes: object) -> Params:
    params = make_project(root, num_clips=num_clips, **changes)
    run_stages(params, root, corruptions=())
    return params


def row_level(row: CellRow) -> float:
    return json.loads(row["params"])["level"]


def stored(root: Path, row: CellRow) -> np.ndarray:
    data = read_member(root / row["shard"], row["offset"], row["size"], row["sha256"])
    return read_payload(data)


@pytest.mark.parametrize("name", ALL14)
def test_every_corruption_makes_every_cell(
    decoded_project: Path, tmp_path: Path, name: str
) -> None:
    root = tmp_path / "project"
    shutil.copytree(decoded_project, root)
    rows = corrupt(write_params(root), root, "demo", name)
    assert [row["severity"] for row in rows] == [s for s in range(1, 6) for _ in range(5)]
    assert {(row["status"], row["reason"]) for row in rows} == {("ok", "")}
    assert manifest.read_rows(root / f"manifests/demo/{name}.parquet", schemas.CELLS) == rows
    clean = {
        row["key"]: row
        for row in manifest.read_rows(root / "manifests/demo/clean.parquet", schemas.CELLS)
    }
    for row in rows:
        assert row["num_frames_source"] == clean[row["key"]]["num_frames"]
        if name != "frame_rate":
            assert row["num_frames"] == row["num_frames_source"]
            assert row["psnr"] is None or 1 < row["psnr"] < 70
        assert stored(root, row).shape == (row["num_frames"], 40, 40, 3)
        fps = row["fps_num"] / row["fps_den"]
        assert fps == (row_level(row) if name == "frame_rate" else 25)
        duration = clean[row["key"]]["duration_seconds"]
        assert row["duration_seconds"] == pytest.approx(duration, abs=0.501 / fps)
        assert (row["damaged_frames"] is not None) == (name in ("bit_error", "packet_loss"))


@pytest.mark.parametrize("name", PIXELS)
def test_stored_pixels_are_those_of_the_api(tmp_path: Path, name: str) -> None:
    params = make_decoded(tmp_path, num_clips=1, **FFV1, severities=[2, 5])
    (clean,) = [
        row
        for row in manifest.read_rows(tmp_path / "manifests/demo/clean.parquet", schemas.CELLS)
        if row["split"] == "val"
    ]
    clip = stored(tmp_path, clean)
    for row in corrupt(params, tmp_path, "demo", name):
        made = corruptions.corrupt(
            clip,
            name,
            row["severity"],
            key=row["key"],
            dataset="demo",
            table="mini_kinetics",
            fps=25,
        )
        np.testing.assert_array_equal(stored(tmp_path, row), made)


def test_timing_and_levels_of_params_are_stored_recorded_and_in_the_recipe(tmp_path: Path) -> None:
    """The stored pixels are those of the API with the same timing and levels."""
    params = make_decoded(tmp_path, num_clips=1, **FFV1, severities=[2, 5])
    before = corrupt(params, tmp_path, "demo", "fog")
    timing = {"start": 20.0, "stop": 70.0, "share": 0.5, "profile": "ramp"}
    levels = [0.9, 0.8, 0.7, 0.6, 0.55]
    changes = {"timing": {"fog": timing}, "custom_levels": {"contrast": levels}}
    params = write_params(tmp_path, **FFV1, severities=[2, 5], corrupt=changes)
    (clean,) = [
        row
        for row in manifest.read_rows(tmp_path / "manifests/demo/clean.parquet", schemas.CELLS)
        if row["split"] == "val"
    ]
    clip = stored(tmp_path, clean)
    named = {"key": clean["key"], "dataset": "demo", "fps": 25}
    after = corrupt(params, tmp_path, "demo", "fog")
    for old, row in zip(before, after, strict=True):
        made = corruptions.corrupt(
            clip, "fog", row["severity"], timing=corruptions.Timing(**timing), **named
        )
        np.testing.assert_array_equal(stored(tmp_path, row), made)
        assert (made == clip).all(axis=(1, 2, 3)).sum() > len(clip) / 2
        recorded = json.loads(row["params"])["timing"]
        assert {key: recorded[key] for key in timing} == timing
        assert "timing" not in json.loads(old["params"])
        assert row["recipe_hash"] != old["recipe_hash"]
    for row in corrupt(params, tmp_path, "demo", "contrast"):
        level = levels[row["severity"] - 1]
        assert row_level(row) == level
        made = corruptions.corrupt(clip, "contrast", None, level=level, **named)
        np.testing.assert_array_equal(stored(tmp_path, row), made)
        assert sha256(made.tobytes()).hexdigest() == row["frames_sha256"]


@pytest.mark.parametrize("name", ["fog", "shot_noise", "frame_rate", "h264_crf", "packet_loss"])
def test_some_frames_are_those_of_the_whole(
    decoded_project: Path, tmp_path: Path, name: str
) -> None:
    root = tmp_path / "project"
    shutil.copytree(decoded_project, root)
    few = corrupt(write_params(root, corrupt={"frames": 5}), root, "demo", name)
    some = [stored(root, row) for row in few]
    whole = corrupt(write_params(root), root, "demo", name)
    for row, part, full in zip(few, some, whole, strict=True):
        count = min(5, full["num_frames"])
        assert row["num_frames"] == count
        indices = np.arange(count) * full["num_frames"] // count
        np.testing.assert_array_equal(part, stored(root, full)[indices])
        assert row["duration_seconds"] == pytest.approx(full["duration_seconds"])


@pytest.mark.parametrize("name", ["shot_noise", "h265_crf"])
def test_same_bytes_for_one_and_three_workers(
    decoded_project: Path, tmp_path: Path, name: str
) -> None:
    for workers in (1, 3):
        root = tmp_path / str(workers)
        shutil.copytree(decoded_project, root)
        corrupt(write_params(root, machine={"workers": workers}), root, "demo", name)
    for folder in (f"data/demo/corrupted/{name}", "manifests/demo"):
        assert tree(tmp_path / "1" / folder) == tree(tmp_path / "3" / folder)


def test_a_changed_seed_rewrites_and_a_finished_run_does_nothing(
    decoded_project: Path, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    shutil.copytree(decoded_project, root)
    first = corrupt(write_params(root), root, "demo", "shot_noise")
    shard = root / first[0]["shard"]
    time_written = shard.stat().st_mtime_ns
    assert corrupt(write_params(root), root, "demo", "shot_noise") == first
    assert shard.stat().st_mtime_ns == time_written
    other = corrupt(write_params(root, seed=1), root, "demo", "shot_noise")
    assert all(
        one["frames_sha256"] != two["frames_sha256"] for one, two in zip(first, other, strict=True)
    )
    again = corrupt(write_params(root), root, "demo", "shot_noise")
    assert again == first


def test_failed_clean_clips_stay_in_the_grid(tmp_path: Path) -> None:
    changes = {"decode": {"max_frames": 14, "allowed_failures": 1.0}, "severities": [1, 3]}
    params = make_decoded(tmp_path, num_clips=4, **changes)
    with pytest.raises(StageError, match="2 of 8 clips failed, more than corrupt.allowed_failures"):
        corrupt(params, tmp_path, "demo", "fog")
    rows = manifest.read_rows(tmp_path / "manifests/demo/fog.parquet", schemas.CELLS)
    failed = [row for row in rows if row["status"] == "failed"]
    assert {row["reason"] for row in failed} == {"clean clip: more than 14 frames"}
    assert {row["severity"] for row in failed} == {1, 3}


def test_without_clean_shards_the_error_says_what_to_run(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    with pytest.raises(StageError, match="no clean shards; run the decode stage first"):
        corrupt(params, tmp_path, "demo", "fog")
