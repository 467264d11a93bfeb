"""Shards and parts appear together, with a row for every clip and nothing of failed ones."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.errors import ClipError, StageError, TransientClipError
from pipeline.settings import PayloadSettings
from pipeline.storage import manifest, parts, schemas
from pipeline.storage.payload import read_payload
from pipeline.storage.rows import CellRow
from pipeline.storage.shard_writer import open_shard
from pipeline.storage.shards import read_member, walk
from tests.support.videos import moving_clip

FFV1 = PayloadSettings(codec="ffv1")
RELATIVE = "data/demo/shard.tar"


def row(key: str) -> CellRow:
    return {"key": key, "label_id": 3, "fps_num": 25, "fps_den": 1, "corruption": "fog",
            "severity": 2, "status": "ok", "dataset": "demo", "split": "val"}  # fmt: skip


def breaking(frames: int) -> Iterator[NDArray[np.uint8]]:
    """Some frames, then the error of a clip that cannot be made."""
    yield from moving_clip(9)[:frames]
    raise ClipError("decoded 2 frames, expected 9")


def stored(shard: Path) -> list[CellRow]:
    return manifest.read_rows(parts.part_path(shard), schemas.CELLS)


def test_a_clip_is_stored_with_its_row_and_hashes(tmp_path: Path) -> None:
    shard, clip = tmp_path / "shard.tar", moving_clip(5)
    with open_shard(shard, RELATIVE, "recipe", FFV1) as writer:
        writer.store(row("one"), clip)
    (found,) = stored(shard)
    assert (found["status"], found["num_frames"], found["duration_seconds"]) == ("ok", 5, 0.2)
    assert (found["height"], found["width"], found["shard"]) == (64, 80, RELATIVE)
    assert found["frames_sha256"] == sha256(clip.tobytes()).hexdigest()
    data = read_member(shard, found["offset"], found["size"], found["sha256"])
    np.testing.assert_array_equal(read_payload(data), clip)
    text = next(data for member, data in walk(shard) if member.name == "one.json")
    said = json.loads(text)
    assert {name: said[name] for name in said} == {name: found.get(name) for name in said}


def test_facts_are_asked_for_after_the_last_frame_and_reach_row_and_shard(tmp_path: Path) -> None:
    shard, read = tmp_path / "shard.tar", list[int]()

    def frames() -> Iterator[NDArray[np.uint8]]:
        for index, frame in enumerate(moving_clip(4)):
            read.append(index)
            yield frame

    def facts() -> CellRow:
        assert read == [0, 1, 2, 3]
        return {"psnr": 12.5, "damaged_frames": 2}

    with open_shard(shard, RELATIVE, "recipe", FFV1) as writer:
        writer.store(row("one"), frames(), facts)
    (found,) = stored(shard)
    assert (found["psnr"], found["damaged_frames"]) == (12.5, 2)
    text = next(data for member, data in walk(shard) if member.name == "one.json")
    assert json.loads(text)["psnr"] == 12.5


@pytest.mark.parametrize("frames", [0, 2])
def test_a_failed_clip_is_a_row_with_a_reason_and_leaves_nothing_in_the_shard(
    tmp_path: Path, frames: int
) -> None:
    shard = tmp_path / "shard.tar"
    with open_shard(shard, RELATIVE, "recipe", FFV1) as writer:
        writer.store(row("one"), breaking(frames))
        writer.store(row("two"), moving_clip(3))
    failed, good = stored(shard)
    assert (failed["status"], good["status"]) == ("failed", "ok")
    assert failed["reason"] == "decoded 2 frames, expected 9"
    assert failed["member"] is None
    assert [member.name for member, _ in walk(shard)] == ["two.mkv", "two.cls", "two.json"]
    assert parts.part_is_done(shard, "recipe")


def test_a_clip_without_frames_is_a_failed_clip(tmp_path: Path) -> None:
    shard = tmp_path / "shard.tar"
    with open_shard(shard, RELATIVE, "recipe", FFV1) as writer:
        writer.store(row("one"), [])
    assert [one["reason"] for one in stored(shard)] == ["no frames to store"]


def test_a_transient_failure_leaves_the_shard_to_the_next_run(tmp_path: Path) -> None:
    shard = tmp_path / "shard.tar"
    with open_shard(shard, RELATIVE, "recipe", FFV1) as writer:
        writer.fail(row("one"), TransientClipError("not decoded within 1 s"))
    assert parts.is_whole(shard)
    assert not parts.part_is_done(shard, "recipe")


def test_an_error_of_the_run_leaves_neither_shard_nor_part(tmp_path: Path) -> None:
    shard = tmp_path / "shard.tar"
    with open_shard(shard, RELATIVE, "old", FFV1) as writer:
        writer.store(row("one"), moving_clip(3))
    before = shard.read_bytes()
    with (
        pytest.raises(StageError, match="is being written"),
        open_shard(shard, RELATIVE, "new", FFV1) as writer,
    ):
        writer.store(row("one"), moving_clip(2))
        raise StageError("video.mp4: is being written")
    assert [path.name for path in tmp_path.iterdir()] == ["shard.tar"], "a part or a temporary"
    assert shard.read_bytes() == before
    assert not parts.is_whole(shard)


def test_same_clips_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with open_shard(tmp_path / name / "shard.tar", RELATIVE, "recipe", FFV1) as writer:
            writer.store(row("a"), moving_clip(3))
            writer.store(row("b"), breaking(1))
    for name in ("shard.tar", "shard.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
