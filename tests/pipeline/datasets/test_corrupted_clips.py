"""One call makes a clip at several severities, or says why it cannot be made."""

from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import corruptions
from corruptions.types import Clip
from pipeline.datasets.corrupted_clips import ClipCorruptor, stored_frames
from pipeline.errors import ClipError, StageError
from pipeline.io.hashing import sha256_file
from pipeline.media.preprocess import Preprocess
from pipeline.media.source import VideoSource
from pipeline.storage.rows import ClipRow
from tests.support.project import write_params
from tests.support.videos import H264, make_video, moving_clip

ALL = stored_frames(None)


def source(root: Path, num_frames: int = 9) -> tuple[ClipRow, Clip]:
    """A video below `root`, its row and its clean frames."""
    path = make_video(root / "data/demo/videos/v.mp4", *H264, clip=moving_clip(num_frames))
    preprocess = Preprocess(48, 40)
    with VideoSource(path) as video:
        clip = np.stack([preprocess(frame) for frame in video.frames()])
    row: ClipRow = {
        "key": "v", "clip_id": "v", "dataset": "demo", "split": "val", "label_id": 1,
        "label_name": "b", "source_label_id": None, "status": "ok", "source_path": path.name,
        "source_sha256": sha256_file(path), "fps_num": 25, "fps_den": 1, "num_frames": num_frames,
    }  # fmt: skip
    return row, clip


def corruptor(root: Path, corruption: str) -> ClipCorruptor:
    return ClipCorruptor.of("demo", corruption, write_params(root), root)


@pytest.mark.parametrize("name", ["fog", "shot_noise", "frame_rate"])
def test_frames_are_those_of_the_api_and_the_row_says_how(tmp_path: Path, name: str) -> None:
    row, clip = source(tmp_path)
    for made, severity in zip(
        corruptor(tmp_path, name).make([1, 4], row, clip, ALL), (1, 4), strict=True
    ):
        expected = corruptions.corrupt(
            clip, name, severity, key="v", dataset="demo", table="mini_kinetics", fps=25
        )
        np.testing.assert_array_equal(np.stack(list(made.frames)), expected)
        assert made.num_output == len(expected)
        assert (made.row["key"], made.row["severity"]) == ("v", severity)
        rate = Fraction(made.row["fps_num"], made.row["fps_den"])
        assert rate == (
            corruptions.load(name).level(severity, "mini_kinetics") if name == "frame_rate" else 25
        )
        assert made.facts() == {}


def test_facts_of_an_encoding_come_after_its_frames_and_leave_its_row_alone(tmp_path: Path) -> None:
    row, clip = source(tmp_path)
    made = next(corruptor(tmp_path, "packet_loss").make([5], row, clip, ALL))
    before = dict(made.row)
    frames = np.stack(list(made.frames))
    facts = made.facts()
    assert made.row == before
    assert "psnr" not in before
    error = float(((frames.astype(float) - clip) ** 2).mean())
    assert facts["psnr"] == pytest.approx(10 * np.log10(255**2 / error))
    assert facts["damaged_frames"] >= 0
    assert '"damage":' in facts["params"]
    assert facts["encoder"].endswith(made.row["encoder"])


@pytest.mark.parametrize("name", ["rain", "h264_crf", "bit_error"])
def test_selected_frames_are_those_of_the_whole(tmp_path: Path, name: str) -> None:
    row, clip = source(tmp_path)

    def frames(choose: int | None) -> list[str]:
        made = next(corruptor(tmp_path, name).make([3], row, clip, stored_frames(choose)))
        return [sha256(frame.tobytes()).hexdigest() for frame in made.frames]

    assert frames(3) == [frames(None)[index] for index in (0, 3, 6)]


def test_a_clip_without_clean_frames_fails_at_every_severity(tmp_path: Path) -> None:
    row, _ = source(tmp_path)
    made = list(corruptor(tmp_path, "fog").make([2, 5], row, ClipError("clean clip: cut"), ALL))
    assert [one.row["severity"] for one in made] == [2, 5]
    for one in made:
        with pytest.raises(ClipError, match="clean clip: cut"):
            list(one.frames)


def test_a_source_that_cannot_be_encoded_fails_at_every_severity(tmp_path: Path) -> None:
    row, clip = source(tmp_path)
    path = tmp_path / "data/demo/videos/v.mp4"
    path.write_bytes(b"no video")
    row["source_sha256"] = sha256_file(path)
    made = list(corruptor(tmp_path, "h264_crf").make([1, 3], row, clip, ALL))
    assert len(made) == 2
    for one in made:
        with pytest.raises(ClipError, match="cannot open"):
            list(one.frames)


def test_a_source_of_another_length_than_the_clean_clip_fails(tmp_path: Path) -> None:
    row, clip = source(tmp_path)
    made = next(corruptor(tmp_path, "h264_crf").make([1], row, clip[:-1], ALL))
    with pytest.raises(ClipError, match="decoded 9 frames, expected 8"):
        list(made.frames)


@pytest.mark.parametrize("moment", ["before", "while it is read"])
def test_a_source_that_changes_stops_the_run(tmp_path: Path, moment: str) -> None:
    row, clip = source(tmp_path)
    path = tmp_path / "data/demo/videos/v.mp4"
    made = corruptor(tmp_path, "h264_crf").make([1], row, clip, ALL)
    if moment == "before":
        path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(StageError, match="changed or disappeared since the filter stage read it"):
        for one in made:
            list(one.frames)
            path.write_bytes(path.read_bytes() + b"more")
