"""Segments: frames are chosen by their time stamps, exactly, at constant and variable rates."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ClipError
from pipeline.media.segment import Segment
from pipeline.media.source import VideoSource
from pipeline.media.timing import Clock
from tests.support.videos import H264, VP9, make_video, moving_clip

TICK = Fraction(1, 1000)
CONSTANT = Clock(Fraction(25), None)


@pytest.mark.parametrize(
    ("start", "end", "frames"),
    [
        (None, None, range(10)),
        (0.0, 0.4, range(10)),
        (0.04, 0.08, range(1, 2)),
        (0.041, 0.081, range(2, 3)),
        (0.1, None, range(3, 10)),
        (None, 0.1, range(3)),
        (0.3, 1.4, range(8, 10)),
    ],
)
def test_a_frame_belongs_to_the_segment_in_which_it_is_shown(
    start: float | None, end: float | None, frames: range
) -> None:
    ticks = [5000 + 40 * number for number in range(10)]
    assert Segment(start, end).frames(ticks, TICK, CONSTANT, 10) == frames
    assert Segment(start, end).frames([], TICK, CONSTANT, 10) == frames


def test_frames_of_variable_rate_are_chosen_by_their_own_times() -> None:
    ticks = [0, 10, 500, 510, 1000]
    times = (*(tick * TICK for tick in ticks), Fraction(2))
    clock = Clock(Fraction(5, 2), times)
    assert Segment(0.01, 0.51).frames(ticks, TICK, clock, 5) == range(1, 3)
    assert Segment(0.6, 2.5).frames(ticks, TICK, clock, 5) == range(4, 5)


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (Segment(0.5, 1.0), r"no frame in the segment 0.5 s to 1 s; the video has 0.40 s"),
        (Segment(0.01, 0.03), "no frame in the segment 0.01 s to 0.03 s"),
        (Segment(None, 1.5), "segment ends at 1.5 s, the video has 0.40 s"),
    ],
)
def test_a_segment_that_is_not_in_the_video_is_a_broken_clip(segment: Segment, words: str) -> None:
    with pytest.raises(ClipError, match=words):
        segment.frames([40 * number for number in range(10)], TICK, CONSTANT, 10)


def frames(source: VideoSource) -> np.ndarray:
    return np.stack([frame.to_ndarray(format="rgb24") for frame in source.frames()])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("x.mp4", (*H264, "-bf", "3", "-g", "250")),
        ("x.mkv", (*H264, "-output_ts_offset", "7")),
        ("x.webm", VP9),
        ("x.avi", ("-c:v", "mpeg4")),
    ],
)
def test_a_segment_has_the_frames_of_the_whole_video(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = make_video(tmp_path / name, *options, clip=moving_clip(40))
    with VideoSource(path) as source:
        whole = frames(source)
    with VideoSource(path, segment=Segment(0.48, 1.0)) as source:
        info = source.info
        part = frames(source)
    assert np.array_equal(part, whole[12:25])
    assert (info.first_frame, info.num_frames, info.fps, info.clock.times) == (12, 13, 25, None)


def test_the_clock_of_a_segment_is_its_own(tmp_path: Path) -> None:
    uneven = "setpts='if(lt(N,20),N,20+2*(N-20))/25/TB'"
    options = (*H264, "-vf", uneven, "-fps_mode", "vfr")
    path = make_video(tmp_path / "x.mkv", *options, clip=moving_clip(40))
    with VideoSource(path) as source:
        assert source.info.clock.times is not None
    with VideoSource(path, segment=Segment(0.0, 0.8)) as source:
        assert (source.info.num_frames, source.info.clock) == (20, Clock(Fraction(25), None))
    with VideoSource(path, segment=Segment(1.2, 1.9)) as source:
        assert source.info.num_frames == 9
        assert source.info.clock == Clock(Fraction(25, 2), None)
