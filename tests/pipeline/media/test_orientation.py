"""Pictures are turned and mirrored for display exactly as ffmpeg does."""

import math
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ClipError
from pipeline.media.orientation import Orientation, from_matrix
from pipeline.media.preprocess import Preprocess
from pipeline.media.source import VideoSource
from tests.support.videos import H264, make_video, run_ffmpeg

PLAIN = tuple(Orientation(rotation, flag) for rotation in (0, 90, 180, 270) for flag in (0, 1))
WAYS = {
    "hflip": ("-display_hflip",),
    "vflip": ("-display_vflip",),
    **{f"rotate {angle}": ("-display_rotation", str(angle)) for angle in (90, 180, 270, 89.6)},
    **{
        f"rotate {angle} {flip}": ("-display_rotation", str(angle), f"-display_{flip}")
        for angle in (90, 180, 270)
        for flip in ("hflip", "vflip")
    },
}


def pictures(path: Path) -> list[np.ndarray]:
    preprocess = Preprocess(48, 40)
    with VideoSource(path) as source:
        return [preprocess(frame) for frame in source.frames()]


@pytest.mark.parametrize("way", WAYS)
def test_every_display_matrix_is_applied_as_ffmpeg_does(tmp_path: Path, way: str) -> None:
    plain = make_video(tmp_path / "plain.mp4", *H264)
    turned, upright = tmp_path / "turned.mp4", tmp_path / "upright.mkv"
    run_ffmpeg(*WAYS[way], "-i", str(plain), "-c", "copy", str(turned))
    run_ffmpeg("-i", str(turned), "-c:v", "ffv1", "-pix_fmt", "yuv420p", str(upright))
    assert not np.array_equal(pictures(plain), pictures(upright))
    np.testing.assert_array_equal(pictures(turned), pictures(upright))


@pytest.mark.parametrize("orientation", PLAIN)
def test_filters_and_arrays_turn_alike(tmp_path: Path, orientation: Orientation) -> None:
    path = make_video(tmp_path / "clip.mkv", "-c:v", "ffv1", "-pix_fmt", "gbrp")
    with VideoSource(path) as source:
        frame = next(source.frames())
    square = min(frame.width, frame.height)
    plain = Preprocess(square, square)(frame, Orientation())
    made = Preprocess(square, square)(frame, orientation)
    np.testing.assert_array_equal(made, orientation.apply(plain))


@pytest.mark.parametrize("angle", [2.9, 87.5, 92, 178, 270.4, 359])
def test_angles_near_a_right_angle_are_rounded(angle: float) -> None:
    radians = math.radians(angle)
    cosine, sine = round(math.cos(radians) * 65536), round(math.sin(radians) * 65536)
    rotation = (360 - round(angle / 90) * 90) % 360
    assert from_matrix((cosine, sine, 0, -sine, cosine, 0, 0, 0, 1 << 30)) == (rotation, False)


def test_other_angles_are_refused() -> None:
    half = round(65536 * math.sqrt(0.5))
    with pytest.raises(ClipError, match=r"unsupported rotation: 45 degrees \(must be a multiple"):
        from_matrix((half, half, 0, -half, half, 0, 0, 0, 1 << 30))
