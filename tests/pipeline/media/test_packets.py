"""Frames that are counted are the frames that ffmpeg shows."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.media.source import VideoSource
from tests.support import fields
from tests.support.videos import H264, MPEG4, VP9, make_video, moving_clip, run_ffmpeg, shown_frames

VP8 = ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "60k")
VP9_HIDDEN = ("-c:v", "libvpx-vp9", "-auto-alt-ref", "1", "-lag-in-frames", "12", "-cpu-used", "8")
CLIP = moving_clip(40, 64, 80)


def edit_list(folder: Path) -> Path:
    """A cut without encoding again: the edit list hides what leads in."""
    long = make_video(folder / "long.mp4", *H264, "-g", "30", "-bf", "2", clip=CLIP)
    path = folder / "cut.mp4"
    run_ffmpeg("-ss", "1.1", "-i", str(long), "-t", "0.3", "-c", "copy", str(path))
    return path


def alternate_references(folder: Path) -> Path:
    """Hidden pictures, which libvpx writes in two passes."""
    for number in ("1", "2"):
        passes = ("-pass", number, "-passlogfile", str(folder / "passes"))
        make_video(folder / "altref.webm", *VP8, *passes, clip=CLIP)
    return folder / "altref.webm"


def superframes(folder: Path) -> Path:
    return make_video(folder / "superframes.webm", *VP9_HIDDEN, clip=CLIP)


def dropped_frames(folder: Path) -> Path:
    """Empty chunks repeat pictures."""
    dropped = ("-vf", "select='not(eq(mod(n,9),5))'", "-fps_mode", "passthrough")
    return make_video(folder / "dropped.avi", *MPEG4, *dropped, clip=CLIP)


def copied_to_avi(folder: Path) -> Path:
    plain = make_video(folder / "plain.mp4", *H264, "-bf", "2", clip=CLIP)
    run_ffmpeg("-i", str(plain), "-c", "copy", str(folder / "copy.avi"))
    return folder / "copy.avi"


def packed_pictures(folder: Path) -> Path:
    """Two pictures in one packet and none in the next, as DivX wrote B-frames."""
    return make_video(folder / "b.avi", *MPEG4, "-bf", "2", clip=CLIP)


def field_coded(folder: Path) -> Path:
    frames = np.arange(7, dtype=np.uint8)[:, None, None] * 30 + np.zeros(
        (1, fields.HEIGHT, fields.WIDTH), np.uint8
    )
    stream = folder / "fields.h264"
    stream.write_bytes(fields.field_coded(frames))
    run_ffmpeg("-r", "60000/1001", "-i", str(stream), "-c", "copy", str(folder / "fields.mp4"))
    return folder / "fields.mp4"


def ordinary(folder: Path) -> Path:
    return make_video(folder / "ordinary.webm", *VP9, clip=CLIP)


MAKERS = (
    edit_list,
    alternate_references,
    superframes,
    dropped_frames,
    copied_to_avi,
    packed_pictures,
    field_coded,
    ordinary,
)


@pytest.mark.parametrize("make", MAKERS)
def test_what_is_counted_is_what_ffmpeg_shows(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    with VideoSource(path) as source:
        counted = source.info.num_frames
        assert counted == len(list(source.frames())) == len(shown_frames(path))


@pytest.mark.parametrize("make", [edit_list, alternate_references, field_coded])
def test_there_are_more_packets_than_frames(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """Otherwise the test above shows nothing."""
    with VideoSource(make(tmp_path)) as source:
        assert len(list(source.packets())) > source.info.num_frames


def test_fields_have_the_rate_of_their_frames(tmp_path: Path) -> None:
    with VideoSource(field_coded(tmp_path)) as source:
        info, size = source.info, sum(packet.size for packet in source.packets())
    assert info.fps == Fraction(30000, 1001)
    assert info.bit_rate == round(size * 8 / 7 * info.fps)


def test_a_copy_in_avi_has_the_clock_of_the_source(tmp_path: Path) -> None:
    path = copied_to_avi(tmp_path)
    with VideoSource(path) as copy, VideoSource(tmp_path / "plain.mp4") as plain:
        assert copy.info.clock == plain.info.clock
        assert copy.info.bit_rate == plain.info.bit_rate
