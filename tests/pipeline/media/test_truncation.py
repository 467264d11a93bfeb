"""A file is truncated when bytes are missing that its container declares, and only then."""

from pathlib import Path

import pytest

from pipeline.errors import ClipError
from pipeline.media.source import VideoSource
from tests.support.videos import H264, MPEG4, VP9, make_video

KINDS = {
    "faststart.mp4": (*H264, "-movflags", "+faststart"),
    "mpeg4.avi": MPEG4,
    "vp9.webm": VP9,
    "h264.mkv": H264,
}


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", KINDS)
def test_bytes_that_end_early(tmp_path: Path, name: str, share: float) -> None:
    path = make_video(tmp_path / name, *KINDS[name])
    with VideoSource(path) as source:
        assert source.info.num_frames == 16
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[: int(whole * share)])
    words = rf"truncated: {int(whole * share)} of \d+ bytes"
    with VideoSource(path) as source, pytest.raises(ClipError, match=words):
        _ = source.info


@pytest.mark.parametrize("name", KINDS)
def test_bytes_after_the_end_do_no_harm(tmp_path: Path, name: str) -> None:
    path = make_video(tmp_path / name, *KINDS[name])
    path.write_bytes(path.read_bytes() + bytes(3000))
    with VideoSource(path) as source:
        assert source.info.num_frames == 16


def test_a_length_that_is_not_stated_is_not_missed(tmp_path: Path) -> None:
    """As recorders and browsers write Matroska while it is still growing."""
    path = make_video(tmp_path / "live.mkv", *H264, "-live", "1")
    with VideoSource(path) as source:
        assert source.info.num_frames == 16
