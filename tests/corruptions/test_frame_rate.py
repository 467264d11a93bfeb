"""Frame rate: the exact count, and the frames that FFmpeg's own rate converter shows."""

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest

from corruptions import corrupt
from corruptions.registry import load
from corruptions.types import Clip
from tests.corruptions.reference_clip import noise_clip


def numbered(num_frames: int) -> Clip:
    """A clip whose frames say which they are."""
    numbers = np.arange(num_frames)
    clip = np.zeros((num_frames, 1, 2, 3), np.uint8)
    clip[:, 0, 0, 0], clip[:, 0, 0, 1] = numbers // 256, numbers % 256
    return clip


def shown(clip: Clip) -> list[int]:
    return (clip[:, 0, 0, 0].astype(int) * 256 + clip[:, 0, 0, 1]).tolist()


def by_ffmpeg(
    num_frames: int, fps: Fraction | int, rate: int, ticks: Sequence[int] | None = None
) -> list[int]:
    """Frames that `-vf fps=rate` shows, by number; `ticks` are times in 1 / fps, and the end."""
    ticks = range(num_frames + 1) if ticks is None else ticks
    graph = av.filter.Graph()
    tick = 1 / Fraction(fps)
    source = graph.add_buffer(width=16, height=16, format="gray", time_base=tick)
    converter = graph.add("fps", f"fps={Fraction(rate).numerator}/{Fraction(rate).denominator}")
    sink = graph.add("buffersink")
    source.link_to(converter)
    converter.link_to(sink)
    graph.configure()
    numbers = []

    def pull() -> None:
        while True:
            try:
                frame = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            numbers.append(int(frame.opaque))

    for number in range(num_frames):
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16), np.uint8), format="gray")
        frame.pts, frame.time_base, frame.opaque = ticks[number], tick, number
        frame.duration = ticks[number + 1] - ticks[number]
        graph.push(frame)
        pull()
    graph.push(None)
    pull()
    return numbers


RATES = [20, 16, 12, 10, 9, 8, 6, 4, 2]
SOURCES = [Fraction(12), Fraction(15), Fraction(24), Fraction(25), Fraction(30000, 1001), 30, 60, 5]


@pytest.mark.parametrize("fps", SOURCES, ids=str)
def test_same_frames_as_ffmpeg(fps: Fraction | int) -> None:
    for rate in RATES:
        for num_frames in (1, 2, 9, 48, 101, 288, 300):
            ours = shown(corrupt(numbered(num_frames), "frame_rate", None, level=rate, fps=fps))
            theirs = by_ffmpeg(num_frames, fps, rate)
            # FFmpeg shows nothing of a clip shorter than half an output frame; we show its last.
            assert ours == (theirs or [num_frames - 1]), (fps, rate, num_frames)


@pytest.mark.parametrize("dataset", ["mini_kinetics", "mini_ssv2"])
def test_exact_count(dataset: str) -> None:
    corruption = load("frame_rate")
    for severity in range(1, 6):
        rate = corruption.level(severity, dataset)
        for fps in SOURCES:
            for num_frames in range(1, 310, 7):
                exact = Fraction(num_frames) / fps * rate
                rounded = int(exact) + (exact - int(exact) >= Fraction(1, 2))
                assert corruption.output_frames(num_frames, rate, fps) == max(1, rounded)


def test_frames_are_never_blended_and_keep_their_order() -> None:
    clip = noise_clip(48, 4, 4)
    for severity in range(1, 6):
        out = corrupt(clip, "frame_rate", severity, fps=12)
        numbers = [int(np.flatnonzero((clip == frame).all(axis=(1, 2, 3)))[0]) for frame in out]
        assert numbers == sorted(numbers)


def test_a_slow_source_repeats_frames() -> None:
    assert shown(corrupt(numbered(3), "frame_rate", None, level=10, fps=5)) == [0, 0, 1, 1, 2, 2]
    assert shown(corrupt(numbered(4), "frame_rate", None, level=12, fps=12)) == [0, 1, 2, 3]


def test_the_output_plays_at_the_new_rate() -> None:
    corruption = load("frame_rate")
    assert corruption.output_fps(9, Fraction(30)) == 9
    assert load("fog").output_fps((1.5, 2), Fraction(30)) == 30


def variable_times(num_frames: int, seed: int) -> list[int]:
    """Times of frames and of the end, in ticks: gaps of 1 to 400."""
    gaps = np.random.default_rng(seed).integers(1, 400, num_frames)
    return [0, *np.cumsum(gaps).tolist()]


@pytest.mark.parametrize("ticks_per_second", [600, 1000, 30_000])
@pytest.mark.parametrize("num_frames", [2, 9, 101, 300])
def test_same_frames_as_ffmpeg_at_a_variable_rate(ticks_per_second: int, num_frames: int) -> None:
    for seed, rate in enumerate(RATES):
        ticks = variable_times(num_frames, seed)
        times = [Fraction(tick, ticks_per_second) for tick in ticks]
        clip = numbered(num_frames)
        ours = shown(corrupt(clip, "frame_rate", None, level=rate, times=times))
        theirs = by_ffmpeg(num_frames, ticks_per_second, rate, ticks)
        assert ours == theirs or (not theirs and len(ours) == 1), (rate, seed)


def test_evenly_spaced_times_change_nothing() -> None:
    clip = numbered(48)
    for rate in RATES:
        times = [Fraction(index, 24) for index in range(49)]
        plain = corrupt(clip, "frame_rate", None, level=rate, fps=24)
        timed = corrupt(clip, "frame_rate", None, level=rate, fps=24, times=times)
        assert shown(plain) == shown(timed)


@pytest.mark.parametrize("times", [[0, 1], [0, 1, 1, 2], [0, 2, 1, 3]])
def test_times_are_one_per_frame_and_the_end(times: list[int]) -> None:
    with pytest.raises(ValueError, match="times must be 4 ascending numbers"):
        corrupt(numbered(3), "frame_rate", 1, times=times)
