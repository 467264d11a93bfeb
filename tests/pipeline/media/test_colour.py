"""Range and matrix of a source are those of its pictures, or the reason names the matrix."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ClipError
from pipeline.media.preprocess import Preprocess
from pipeline.media.source import VideoSource
from tests.support.videos import make_video, moving_clip

CLIP = np.repeat(moving_clip(4, 64, 80)[..., :1], 3, axis=3)
LIMITED = ("-vf", "scale=out_range=tv,format=gray", "-color_range", "tv")
LIMITED_10 = ("-vf", "scale=out_range=tv,format=gray10le", "-color_range", "tv")


def pictures(path: Path) -> np.ndarray:
    preprocess = Preprocess(64, 56)
    with VideoSource(path) as source:
        return np.stack([preprocess(frame) for frame in source.frames()])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hevc.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none:crf=4", *LIMITED)),
        ("ffv1.mkv", ("-c:v", "ffv1", *LIMITED)),
        ("hevc10.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none:crf=4", *LIMITED_10)),
    ],
)
def test_limited_range_grey_is_black_to_white(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = make_video(tmp_path / name, *options, clip=CLIP)
    with VideoSource(path) as source:
        assert source.info.pix_fmt.startswith("gray")
    control = make_video(tmp_path / "c.mkv", "-c:v", "ffv1", "-pix_fmt", "yuv420p", clip=CLIP)
    assert np.abs(pictures(path).astype(int) - pictures(control)).mean() < 2


def test_full_range_grey_stays(tmp_path: Path) -> None:
    options = ("-c:v", "ffv1", "-vf", "scale=out_range=pc,format=gray", "-color_range", "pc")
    path = make_video(tmp_path / "full.mkv", *options, clip=CLIP)
    with VideoSource(path) as source:
        luma = next(source.frames()).to_ndarray()
    assert (int(luma.min()), int(luma.max())) == (int(CLIP[0].min()), int(CLIP[0].max()))
    assert np.abs(pictures(path)[0].astype(int).mean() - CLIP[0].mean()) < 4


def tagged(path: Path, matrix: int) -> Path:
    """A video that says that it has this matrix, by its number in H.273."""
    tag = ("-bsf:v", f"h264_metadata=matrix_coefficients={matrix}")
    return make_video(path, "-c:v", "libx264", "-pix_fmt", "yuv420p", *tag)


@pytest.mark.parametrize(
    ("matrix", "name"),
    [(8, "YCgCo"), (10, "BT.2020 constant luminance"), (14, "ICtCp")],
)
def test_a_matrix_that_cannot_be_converted_is_named(tmp_path: Path, matrix: int, name: str) -> None:
    words = f"unsupported colour matrix: {name}"
    with (
        VideoSource(tagged(tmp_path / "odd.mp4", matrix)) as source,
        pytest.raises(ClipError, match=words),
    ):
        next(source.frames())


@pytest.mark.parametrize("matrix", [1, 2, 4, 5, 6, 7, 9])
def test_every_other_matrix_can_be_converted(tmp_path: Path, matrix: int) -> None:
    assert pictures(tagged(tmp_path / "clip.mp4", matrix)).shape == (16, 56, 56, 3)
