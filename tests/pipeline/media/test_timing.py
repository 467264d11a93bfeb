"""The frame rate is that of the time stamps; what headers state counts where it agrees."""

import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest

from pipeline.media.source import VideoSource
from pipeline.media.timing import Clock, measure, plausible
from tests.support.videos import H264, MPEG4, make_video, moving_clip, patched

MILLISECOND = Fraction(1, 1000)


def rounded(rate: Fraction, num_frames: int) -> list[int]:
    """Time stamps of a constant rate in Matroska: whole milliseconds."""
    return [round(1000 * index / rate) for index in range(num_frames)]


@pytest.mark.parametrize("rate", [24, 25, 30, 60, Fraction(30000, 1001), Fraction(37, 3), 1, 120])
@pytest.mark.parametrize("stated", [1000, 125, Fraction(1, 10), None])
def test_a_constant_rate_is_found_in_rounded_time_stamps(
    rate: Fraction, stated: Fraction | None
) -> None:
    clock = measure(rounded(rate, 300), MILLISECOND, [1] * 300, [stated])
    assert clock == Clock(Fraction(rate), None)


def test_a_stated_rate_that_agrees_is_kept() -> None:
    rate = Fraction(30000, 1001)
    for stated in (rate, Fraction(30)):
        clock = measure(rounded(rate, 20), MILLISECOND, [33] * 20, [stated])
        assert clock == Clock(stated, None)


def test_fields_are_not_frames() -> None:
    ticks = [3003 * index for index in range(7)]
    clock = measure(ticks, Fraction(1, 90_000), [], [Fraction(60000, 1001)])
    assert clock.fps == Fraction(30000, 1001)


def test_a_variable_rate_is_the_average_and_has_times() -> None:
    ticks = [200 * index for index in range(10)]
    ticks += [2000 + round(1000 * index / 30) for index in range(30)]
    durations = [after - before for before, after in pairwise([*ticks, 3000])]
    clock = measure(ticks, MILLISECOND, durations, [1000])
    assert clock.fps == Fraction(40, 3)
    assert clock.times is not None
    assert [time * 1000 for time in clock.times] == [*ticks, 3000]


def test_a_video_that_lacks_some_frames_keeps_its_rate() -> None:
    ticks = [index for index in range(60) if index not in (7, 20, 21)]
    clock = measure(ticks, Fraction(1, 30), [1] * 57, [Fraction(30)])
    assert clock.fps == 30
    assert clock.times is not None


def test_without_time_stamps_the_stated_rate_counts() -> None:
    assert measure([], MILLISECOND, [], [None, Fraction(12)]) == Clock(Fraction(12), None)
    assert measure([5, 5, 5], MILLISECOND, [], [Fraction(12)]) == Clock(Fraction(12), None)
    assert measure([0], MILLISECOND, [], [None]) == Clock(Fraction(25), None)


def test_a_codecs_rate_corrects_an_impossible_one() -> None:
    assert plausible(Clock(Fraction(600), None), Fraction(5)).fps == 5
    assert plausible(Clock(Fraction(240), None), Fraction(5)).fps == 240
    assert plausible(Clock(Fraction(600), None), None).fps == 600


@pytest.mark.parametrize("rate", [1000, 600, 120, 1])
def test_a_wrong_rate_in_the_header_of_matroska(tmp_path: Path, rate: int) -> None:
    """The element DefaultDuration, in nanoseconds."""
    clip = moving_clip(60, 64, 80)
    plain = make_video(tmp_path / "plain.mkv", *H264, clip=clip, fps="30")
    old, new = (
        b"\x23\xe3\x83\x84" + struct.pack(">I", value) for value in (33333333, 10**9 // rate)
    )
    path = patched(plain, tmp_path / "tick.mkv", old, new)
    with VideoSource(path) as source, VideoSource(plain) as control:
        assert source.info.fps == control.info.fps == 30
        assert source.info.bit_rate == control.info.bit_rate
        assert source.info.clock.times is None
        assert source.info.stated_fps != 30


def test_a_wrong_rate_in_the_header_of_avi(tmp_path: Path) -> None:
    plain = make_video(tmp_path / "plain.avi", *MPEG4, fps="5")
    old = b"FMP4" + bytes(12) + struct.pack("<II", 1, 5)
    path = patched(plain, tmp_path / "tick.avi", old, old[:-4] + struct.pack("<I", 600))
    with VideoSource(path) as source:
        assert source.info.fps == 5
        assert source.info.stated_fps == 600


def test_twins_among_the_time_stamps_do_not_make_the_header_true() -> None:
    ticks = sorted([*rounded(Fraction(30), 300), 500])
    clock = measure(ticks, MILLISECOND, [1] * 301, [1000])
    assert clock.fps == pytest.approx(30, rel=0.01)
    assert clock.times is None


def test_a_long_video_takes_no_time() -> None:
    start = process_time()
    clock = measure(rounded(Fraction(30000, 1001), 200_000), MILLISECOND, [33] * 200_000, [1000])
    assert clock == Clock(Fraction(30000, 1001), None)
    assert process_time() - start < 5
