"""Clean shards: every usable clip once, same bytes for any number of workers."""

import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import SettingsError, StageError
from pipeline.media.preprocess import Preprocess
from pipeline.media.source import VideoSource
from pipeline.stages.decode import decode
from pipeline.stages.filter import filter_clips
from pipeline.storage import manifest, parts, schemas
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.shards import read_member
from tests.support.project import make_project, tree, video_id, write_params


def test_rows_say_what_is_stored(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    rows = decode(params, tmp_path, "demo")
    assert [row["status"] for row in rows] == ["ok"] * 7
    assert len(list((tmp_path / "data/demo/clean/val").glob("*.tar"))) == 2
    for row in rows:
        data = read_member(tmp_path / row["shard"], row["offset"], row["size"], row["sha256"])
        assert sha256(data).hexdigest() == row["sha256"]
        with VideoSource(tmp_path / "data/demo/videos" / row["source_path"]) as source:
            preprocess = Preprocess(48, 40)
            frames = np.stack([preprocess(frame) for frame in source.frames()])
        assert sha256(frames.tobytes()).hexdigest() == row["frames_sha256"]
        assert row["num_frames"] == len(frames)
        stored = read_clip(StoredClip.of(row, tmp_path), range(len(frames)))
        assert np.abs(stored.astype(int) - frames).mean() < 4
        assert row["duration_seconds"] == len(frames) / 25


def test_same_bytes_for_one_and_three_workers(tmp_path: Path) -> None:
    params = make_project(tmp_path / "one", num_clips=9)
    shutil.copytree(tmp_path / "one", tmp_path / "three")
    for name, workers in (("one", 1), ("three", 3)):
        root = tmp_path / name
        params = write_params(root, machine={"workers": workers})
        filter_clips(params, root, "demo")
        decode(params, root, "demo")
    for folder in ("data/demo/clean", "manifests/demo"):
        assert tree(tmp_path / "one" / folder) == tree(tmp_path / "three" / folder)


def test_a_finished_run_does_nothing_and_a_changed_recipe_rewrites(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    shards = sorted((tmp_path / "data/demo/clean").rglob("*.tar"))
    times = [shard.stat().st_mtime_ns for shard in shards]
    decode(params, tmp_path, "demo")
    assert [shard.stat().st_mtime_ns for shard in shards] == times
    params = write_params(tmp_path, payload={"quality": 50})
    rows = decode(params, tmp_path, "demo")
    assert all(shard.stat().st_mtime_ns > time for shard, time in zip(shards, times, strict=True))
    assert "quality 50" in rows[0]["encoder"]


def test_shards_of_an_older_grid_are_removed(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    folder = tmp_path / "data/demo/clean/val"
    (folder / ".demo-clean-0-000009.tar.tmp").write_bytes(b"of a killed run")
    params = write_params(tmp_path, decode={"pictures": {"demo": {"clips_per_shard": 100}}})
    decode(params, tmp_path, "demo")
    assert sorted(path.name for path in folder.iterdir()) == [
        "demo-clean-0-000000.parquet",
        "demo-clean-0-000000.tar",
    ]


def test_a_missing_clip_does_not_move_the_others(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    last = tmp_path / "data/demo/clean/val/demo-clean-0-000001.tar"
    before = last.read_bytes()
    (tmp_path / f"data/demo/videos/{video_id(0)}_000003_000013.mp4").unlink()
    filter_clips(params, tmp_path, "demo")
    decode(params, tmp_path, "demo")
    assert last.read_bytes() == before


def test_long_clips_are_rows_with_a_reason(tmp_path: Path) -> None:
    params = make_project(tmp_path, decode={"max_frames": 14, "allowed_failures": 1.0})
    filter_clips(params, tmp_path, "demo")
    rows = [row for row in decode(params, tmp_path, "demo") if row["split"] == "val"]
    failed = [row for row in rows if row["status"] == "failed"]
    assert len(failed) == 2
    assert {row["reason"] for row in failed} == {"more than 14 frames"}
    with pytest.raises(StageError, match=r"2 of 7 clips failed, more than decode.allowed_failures"):
        decode(write_params(tmp_path, decode={"max_frames": 14}), tmp_path, "demo")


def test_a_source_that_changed_stops_the_run(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    path = tmp_path / f"data/demo/videos/{video_id(0)}_000003_000013.mp4"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StageError, match="changed or disappeared since the filter stage"):
        decode(params, tmp_path, "demo")
    with pytest.raises(StageError, match="no such manifest; run the stage"):
        (tmp_path / "manifests/demo/clips.parquet").unlink()
        decode(params, tmp_path, "demo")


def test_shard_rows_repeat_the_manifest(tmp_path: Path) -> None:
    params = make_project(tmp_path)
    filter_clips(params, tmp_path, "demo")
    rows = decode(params, tmp_path, "demo")
    stored = [
        row
        for shard in sorted((tmp_path / "data/demo/clean").rglob("*.tar"))
        for row in manifest.read_rows(parts.part_path(shard), schemas.CELLS)
    ]
    assert stored == rows
    assert rows == manifest.read_rows(tmp_path / "manifests/demo/clean.parquet", schemas.CELLS)


def test_the_training_split_can_keep_the_whole_pictures(tmp_path: Path) -> None:
    squares = make_project(tmp_path, num_clips=3)
    filter_clips(squares, tmp_path, "demo")
    decode(squares, tmp_path, "demo")
    before = tree(tmp_path / "data/demo/clean/val")
    picture = {"short_side": 48, "crop": 40, "training": "whole"}
    params = write_params(tmp_path, decode={"pictures": {"demo": picture}})
    rows = decode(params, tmp_path, "demo")
    assert tree(tmp_path / "data/demo/clean/val") == before
    sizes = {row["split"]: (row["height"], row["width"]) for row in rows}
    assert sizes == {"val": (40, 40), "train": (48, 60)}  # of 64 x 80
    row = next(row for row in rows if row["split"] == "train")
    with VideoSource(tmp_path / "data/demo/videos" / str(row["source_path"])) as source:
        frames = np.stack([Preprocess(48, None)(frame) for frame in source.frames()])
        squares_of = np.stack([Preprocess(48, 40)(frame) for frame in source.frames()])
    assert sha256(frames.tobytes()).hexdigest() == row["frames_sha256"]
    assert np.array_equal(frames[:, 4:44, 10:50], squares_of)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"corrupt": {"split": "train"}}, "but corrupt.split is 'train', whose clips must be sq"),
        ({"evaluate": {"split": "train"}}, "but evaluate.split is 'train', whose clips must be"),
        ({"payload": {"codec": "h264"}}, "codec h264 cannot store pictures of odd width"),
    ],
)
def test_whole_pictures_are_refused_where_squares_are_needed(
    changes: dict[str, dict[str, str]], message: str, tmp_path: Path
) -> None:
    picture = {"short_side": 48, "crop": 40, "training": "whole"}
    with pytest.raises(SettingsError, match=message):
        write_params(tmp_path, decode={"pictures": {"demo": picture}}, **changes)
