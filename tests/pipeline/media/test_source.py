"""Any container and codec becomes frames, or a reason."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ClipError
from pipeline.media.preprocess import Preprocess, scaled_size
from pipeline.media.source import VideoSource
from tests.support.videos import H264, HEVC10, MPEG4, VP9, make_video, moving_clip, run_ffmpeg

KINDS = {
    "h264.mp4": H264,
    "vp9.webm": VP9,
    "hevc10.mkv": HEVC10,
    "mpeg4.avi": MPEG4,
    "ffv1.mkv": ("-c:v", "ffv1"),
}


def pictures(path: Path, short_side: int = 48, crop: int = 40) -> list[np.ndarray]:
    preprocess = Preprocess(short_side, crop)
    with VideoSource(path) as source:
        return [preprocess(frame) for frame in source.frames()]


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_of_every_codec(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path / name, *KINDS[name])
    with VideoSource(path) as source:
        assert source.info.num_frames == 16
        assert source.info.fps == 25
    made = pictures(path)
    assert len(made) == 16
    reference = pictures(make_video(tmp_path / "lossless.mkv", "-c:v", "ffv1"))
    for picture, other in zip(made, reference, strict=True):
        assert picture.shape == (40, 40, 3)
        assert picture.dtype == np.uint8
        assert np.abs(picture.astype(int) - other).mean() < 12


def test_packets_and_frames_can_be_read_in_any_order(tmp_path: Path) -> None:
    with VideoSource(make_video(tmp_path / "clip.mp4", *H264)) as source:
        assert next(source.frames()).width == 80
        assert source.info.num_frames == 16
        assert len(list(source.packets())) == 16
        assert len(list(source.frames())) == 16
        assert len(list(source.frames())) == 16


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotation_is_honoured_as_ffmpeg_does(tmp_path: Path, degrees: int) -> None:
    plain = make_video(tmp_path / "plain.mp4", *H264)
    turned = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", str(degrees), "-i", str(plain), "-c", "copy", str(turned))
    upright = tmp_path / "upright.mkv"
    run_ffmpeg("-i", str(turned), "-c:v", "ffv1", "-pix_fmt", "yuv420p", str(upright))
    for picture, other in zip(pictures(turned), pictures(upright), strict=True):
        np.testing.assert_array_equal(picture, other)


def test_all_frames_of_a_variable_frame_rate(tmp_path: Path) -> None:
    path = make_video(
        tmp_path / "vfr.mkv",
        *H264,
        *("-vf", "settb=1/1000,setpts='N*40+N*N*7'", "-fps_mode", "passthrough"),
        *("-enc_time_base", "1/1000"),
    )
    with VideoSource(path) as source:
        times = [frame.time for frame in source.frames()]
    assert len({round(after - before, 3) for before, after in pairwise(times)}) > 5
    assert len(pictures(path)) == 16


def test_odd_sizes(tmp_path: Path) -> None:
    clip = moving_clip(height=51, width=77)
    path = make_video(tmp_path / "odd.mkv", "-c:v", "ffv1", clip=clip)
    assert {picture.shape for picture in pictures(path)} == {(40, 40, 3)}


def test_bad_files_have_reasons(tmp_path: Path) -> None:
    good = make_video(tmp_path / "good.mp4", *H264).read_bytes()
    text, empty, short = (tmp_path / name for name in ("text.mp4", "empty.mp4", "short.mp4"))
    text.write_text("this is no video\n")
    empty.write_bytes(b"")
    short.write_bytes(good[: len(good) // 2])
    audio = tmp_path / "audio.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", str(audio))
    for path, words in (
        (text, "cannot open: Invalid data"),
        (empty, "empty file (0 bytes)"),
        (short, "cannot open: Invalid data"),
        (audio, "no video stream"),
        (tmp_path / "nothing.mp4", "no such file"),
    ):
        with pytest.raises(ClipError, match=words.replace("(", r"\(").replace(")", r"\)")):
            pictures(path)


def test_resize_is_bilinear_with_antialias(tmp_path: Path) -> None:
    """swscale's filter against a float64 triangle filter of the width of the reduction."""
    clip = moving_clip(1, 96, 96)
    path = make_video(tmp_path / "clip.mkv", "-c:v", "ffv1", "-pix_fmt", "gbrp", clip=clip)
    (made,) = pictures(path, short_side=40, crop=40)
    weights = np.zeros((40, 96))
    for row in range(40):
        centre = (row + 0.5) * 96 / 40 - 0.5
        weights[row] = np.maximum(0, 1 - np.abs(np.arange(96) - centre) / (96 / 40))
    weights /= weights.sum(axis=1, keepdims=True)
    expected = np.einsum("ij,jkc,lk->ilc", weights, clip[0].astype(np.float64), weights)
    assert np.abs(made - expected).max() < 6
    assert np.abs(made - expected).mean() < 1


def test_scaled_size_keeps_the_short_side() -> None:
    assert scaled_size(1920, 1080, 256) == (455, 256)
    assert scaled_size(1080, 1920, 256) == (256, 455)
    assert scaled_size(340, 256, 256) == (340, 256)
    assert scaled_size(100, 100, 256) == (256, 256)
