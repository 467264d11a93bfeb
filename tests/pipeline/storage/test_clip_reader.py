"""Stored clips are read frame by frame, in any order, also from damaged surroundings."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from corruptions.types import Clip, ClipRandom
from pipeline.errors import StageError
from pipeline.media.sampling import clip_indices
from pipeline.settings import PayloadSettings
from pipeline.stages.synthesize import scenes
from pipeline.storage.clip_reader import StoredClip, read_clip
from pipeline.storage.payload import EXTENSIONS, read_payload, write_payload
from pipeline.storage.shards import ShardWriter

NUM_FRAMES = 12


@pytest.fixture(scope="module")
def frames() -> Clip:
    random = ClipRandom(1, "demo", "key", "synthesize", "0")
    return scenes.clip(scenes.scene(random, "moving left", NUM_FRAMES, 64, 48))


def store(folder: Path, frames: Clip, codec: str) -> tuple[StoredClip, bytes]:
    """A shard, with commas and colons in its path, of three clips; gives the one in the middle."""
    settings = PayloadSettings(codec=codec)
    data = write_payload(frames, Fraction(25), settings)
    other = write_payload(frames[::-1][:5], Fraction(25), settings)
    shard = folder / "a,b :c.tar"
    with ShardWriter(shard) as writer:
        members = [
            writer.add(key, EXTENSIONS[codec], some, 0, {})
            for key, some in (("-first", other), ("middle", data), ("last", other))
        ]
    height, width = frames.shape[1:3]
    row = {"key": "middle", "shard": shard.name, "num_frames": len(frames)}
    row |= {"height": height, "width": width}
    return StoredClip.of(row | vars(members[1]), folder), data


@pytest.mark.parametrize("codec", ["jpeg", "ffv1", "h264"])
def test_wanted_frames_in_the_wanted_order(tmp_path: Path, frames: Clip, codec: str) -> None:
    clip, data = store(tmp_path, frames, codec)
    whole = read_payload(data)
    for indices in ([0], [11, 0, 0, 7], list(range(NUM_FRAMES)), clip_indices(NUM_FRAMES, 32)):
        assert np.array_equal(read_clip(clip, indices), whole[indices])


def test_lossless_payload_is_lossless(tmp_path: Path, frames: Clip) -> None:
    clip, _ = store(tmp_path, frames, "ffv1")
    assert np.array_equal(read_clip(clip, range(NUM_FRAMES)), frames)


def test_jpeg_is_what_ffmpeg_sees_up_to_rounding(tmp_path: Path, frames: Clip) -> None:
    clip, data = store(tmp_path, frames, "jpeg")
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as container:
        theirs = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    difference = np.abs(read_clip(clip, range(NUM_FRAMES)).astype(int) - theirs)
    assert difference.max() <= 3
    assert (difference > 0).mean() < 0.1


def test_damage_is_named(tmp_path: Path, frames: Clip) -> None:
    clip, _ = store(tmp_path, frames, "jpeg")
    whole = clip.shard.read_bytes()
    damaged = bytearray(whole)
    damaged[clip.offset : clip.offset + clip.size] = bytes(clip.size)
    for content in (bytes(damaged), whole[: clip.offset + 100], b""):
        clip.shard.write_bytes(content)
        with pytest.raises(StageError, match=r"a,b :c\.tar, clip middle: cannot be read"):
            read_clip(clip, [0], check=False)
    clip.shard.unlink()
    with pytest.raises(StageError, match="run the stage that writes it again"):
        read_clip(clip, [0], check=False)


def test_a_clip_of_another_hash_is_not_read(tmp_path: Path, frames: Clip) -> None:
    clip, _ = store(tmp_path, frames, "jpeg")
    data = bytearray(clip.shard.read_bytes())
    data[clip.offset + clip.size - 1] ^= 1
    clip.shard.write_bytes(data)
    with pytest.raises(StageError, match=r"a,b :c\.tar: the clip at byte \d+ differs from its"):
        read_clip(clip, [0])
    clip.shard.unlink()
    with pytest.raises(StageError, match=r"a,b :c\.tar: no such shard; run the stage"):
        read_clip(clip, [0])


def test_a_manifest_of_another_clip_is_noticed(tmp_path: Path, frames: Clip) -> None:
    clip, _ = store(tmp_path, frames, "jpeg")
    wrong = replace(clip, num_frames=NUM_FRAMES + 1)
    with pytest.raises(StageError, match="12 frames, expected 13"):
        read_clip(wrong, [0])


def test_frames_outside_the_clip_are_refused(tmp_path: Path, frames: Clip) -> None:
    clip, _ = store(tmp_path, frames, "jpeg")
    for indices in ([], [-1], [NUM_FRAMES]):
        with pytest.raises(ValueError, match=r"frames must be in 0\.\.11 \(got "):
            read_clip(clip, indices)
