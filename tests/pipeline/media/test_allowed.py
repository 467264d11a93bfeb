"""Only decoders on the list read a source, and each of them is one of FFmpeg's."""

import re
from pathlib import Path

import av
import pytest

from pipeline.errors import ClipError
from pipeline.media.allowed import DECODERS
from pipeline.media.source import VideoSource
from tests.support.project import REPOSITORY
from tests.support.videos import make_video, run_ffmpeg

ENCODERS = {
    "mp4": ("libx264", "libx265", "libvpx-vp9", "mpeg4", "mjpeg", "libsvtav1"),
    "mkv": ("ffv1", "huffyuv", "ffvhuff", "utvideo", "libtheora", "prores", "mpeg2video"),
    "avi": ("msmpeg4", "msmpeg4v2", "wmv1", "wmv2", "cinepak", "rawvideo"),
    "webm": ("libvpx",),
    "flv": ("flv",),
    "mpg": ("mpeg1video",),
    "mov": ("svq1",),
}


@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_of_the_list_exists(name: str) -> None:
    assert av.codec.Codec(name, "r").is_decoder


@pytest.mark.parametrize(
    ("extension", "encoder"), [(one, name) for one, names in ENCODERS.items() for name in names]
)
def test_codecs_of_data_sets_are_read(tmp_path: Path, extension: str, encoder: str) -> None:
    path = make_video(tmp_path / f"clip.{extension}", "-c:v", encoder)
    with VideoSource(path) as source:
        assert source.info.num_frames == len(list(source.frames())) == 16


@pytest.mark.parametrize("encoder", ["magicyuv", "snow", "zmbv", "cfhd"])
def test_other_codecs_are_refused_by_name(tmp_path: Path, encoder: str) -> None:
    path = make_video(tmp_path / "odd.mkv", "-c:v", encoder, "-strict", "-2")
    words = f"decoder {encoder} is not on the list"
    with VideoSource(path) as source, pytest.raises(ClipError, match=words):
        _ = source.info
    with VideoSource(path) as source, pytest.raises(ClipError, match=words):
        next(source.frames())


def test_sound_of_any_codec_does_no_harm(tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    path = tmp_path / "sound.mkv"
    run_ffmpeg("-i", str(plain), "-f", "lavfi", "-i", "sine=d=0.6", "-c:v", "copy", "-c:a", "flac",
               str(path))  # fmt: skip
    with VideoSource(path) as source, VideoSource(plain) as control:
        assert source.info.clock == control.info.clock
        assert len(list(source.frames())) == 16


def test_the_list_stands_in_the_documentation() -> None:
    page = (REPOSITORY / "docs/untrusted_input.md").read_text()
    listed = page.split("`DECODERS`")[1].split("To widen it")[0]
    assert tuple(re.findall(r"`([a-z0-9]+)`", listed)) == DECODERS
