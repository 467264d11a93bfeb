"""Streaming: the frames of the library, few of them in memory."""

import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import numpy as np
import pytest

import corruptions
from corruptions.registry import families, load
from corruptions.timing import Timing, corrupt_over_time
from corruptions.types import Clip, ClipRandom, Context, Dialect
from pipeline.errors import ClipError
from pipeline.media import frame_stream
from pipeline.media.frame_stream import Corrupt, FramePlan, plan_frames, stream_frames
from pipeline.media.frame_window import FrameWindow
from tests.support.videos import moving_clip

PIXELS = sorted(name for name, family in families().items() if family != "compression")
FPS = Fraction(25)


def corruptor(
    name: str, severity: int, dialect: Dialect = "ours", timing: Timing | None = None
) -> Corrupt:
    corruption = load(name, dialect)
    random = ClipRandom(0, "mini_kinetics", "a", name, str(severity))
    level = corruption.level(severity, "mini_kinetics")

    def corrupt(clip: Clip, wanted: np.ndarray) -> Clip:
        context = Context(random, wanted, FPS)
        if timing is not None:
            table = "mini_kinetics"
            return corrupt_over_time(corruption, clip, severity, table, context, timing)
        return corruptions.corrupt_pixels(corruption, clip, level, context)

    return corrupt


def plan_of(name: str, corrupt: Corrupt, clip: Clip, dialect: Dialect = "ours") -> FramePlan:
    corruption = load(name, dialect)
    level = corruption.level(3, "mini_kinetics")
    num_output = corruption.output_frames(len(clip), level, FPS)
    return plan_frames(corruption, corrupt, cast(tuple[int, int, int, int], clip.shape), num_output)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of three frames."""
    monkeypatch.setattr(frame_stream, "CHUNK_BYTES", 3 * 70 * 88 * 3)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("name", PIXELS)
def test_streamed_frames_are_those_of_the_library(name: str) -> None:
    clip = moving_clip(20, 70, 88) // 2  # not white, which fog takes to be the brightest
    corrupt = corruptor(name, 3)
    plan = plan_of(name, corrupt, clip)
    made = [frame.copy() for frame in stream_frames(plan, iter(clip), corrupt, lambda: clip)]
    np.testing.assert_array_equal(np.stack(made), corruptions.corrupt(clip, name, 3, key="a"))


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("name", ["fog", "motion_blur", "frame_rate"])
def test_the_original_streams_too(name: str) -> None:
    clip = moving_clip(20, 70, 88)
    corrupt = corruptor(name, 3, "original")
    plan = plan_of(name, corrupt, clip, "original")
    made = [frame.copy() for frame in stream_frames(plan, iter(clip), corrupt, lambda: clip)]
    expected = corruptions.corrupt(clip, name, 3, key="a", dialect="original")
    np.testing.assert_array_equal(np.stack(made), expected)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("name", ["rain", "freeze"])
def test_a_part_of_the_time_streams_too(name: str) -> None:
    clip = moving_clip(20, 70, 88)
    timing = Timing(start=20, stop=90, share=0.5, profile="ramp")
    corrupt = corruptor(name, 5, timing=timing)
    plan = plan_of(name, corrupt, clip)
    made = [frame.copy() for frame in stream_frames(plan, iter(clip), corrupt, lambda: clip)]
    expected = corruptions.corrupt(clip, name, 5, key="a", timing=timing)
    np.testing.assert_array_equal(np.stack(made), expected)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("name", "most"), [("fog", 3), ("freeze", 4), ("stall", 4), ("motion_blur", 20), ("flicker", 3)]
)
def test_the_frames_in_memory_do_not_grow_with_the_length(name: str, most: int) -> None:
    corrupt = corruptor(name, 3)
    for frames in (60, 240):
        clip = np.broadcast_to(np.zeros((1, 70, 88, 3), np.uint8), (frames, 70, 88, 3))
        assert plan_of(name, corrupt, clip).held <= most


@pytest.mark.usefixtures("small_chunks")
def test_a_reversed_video_needs_all_its_frames() -> None:
    clip = moving_clip(60, 70, 88)
    plan = plan_of("reverse", corruptor("reverse", 1), clip)
    assert plan.held == 30  # at severity 1 every other frame is shown
    assert plan.memory_bytes == (30 + 2 * 3) * clip[0].nbytes


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_stream, "CHUNK_BYTES", 4 * 128 * 128 * 3)
    frame = moving_clip(1, 128, 128)[0]

    def decoded(number: int) -> Iterator[np.ndarray]:
        return (frame.copy() for _ in range(number))

    corrupt = corruptor("motion_blur", 3)
    most = []
    for number in (50, 200):
        shape = (number, 128, 128, 3)
        plan = plan_frames(load("motion_blur"), corrupt, shape, number)
        tracemalloc.start()
        assert sum(1 for _ in stream_frames(plan, decoded(number), corrupt, lambda: ())) == number
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 1.2 * most[0]
    assert most[1] < 60 * frame.nbytes


def test_a_frame_that_was_not_announced_is_an_error() -> None:
    window = FrameWindow((10, 4, 4, 3))
    window.add(2, np.zeros((4, 4, 3), np.uint8))
    assert window[2].shape == (4, 4, 3)
    with pytest.raises(LookupError, match="frame 3 is not in memory"):
        window[np.array([2, 3])]
    with pytest.raises(IndexError, match="frame 10 of a clip of 10 frames"):
        window[10]


@pytest.mark.parametrize("number", [19, 21])
def test_another_number_of_frames_than_announced_is_an_error(number: int) -> None:
    corrupt = corruptor("fog", 3)
    plan = plan_of("fog", corrupt, moving_clip(20, 70, 88))
    clip = moving_clip(number, 70, 88)
    with pytest.raises(ClipError, match=f"decoded {number} frames, expected 20"):
        list(stream_frames(plan, iter(clip), corrupt, lambda: clip))
