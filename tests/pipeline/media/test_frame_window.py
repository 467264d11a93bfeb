"""Clips whose frames are computed when they are read."""

from collections.abc import Callable

import numpy as np
import pytest

import corruptions
from corruptions.registry import load
from corruptions.types import Clip, ClipRandom, Context
from pipeline.errors import ClipError
from pipeline.media.frame_window import on_demand
from tests.support.videos import moving_clip


def counted(clip: Clip) -> tuple[Clip, list[int]]:
    """Return a clip that is computed on demand, and the frames computed so far."""
    computed: list[int] = []

    def compute(index: int) -> np.ndarray:
        computed.append(index)
        return clip[index]

    return on_demand(len(clip), compute), computed


def test_only_the_frames_that_are_read_are_computed_and_only_once() -> None:
    clip = moving_clip(40, 32, 48)
    lazy, computed = counted(clip)
    np.testing.assert_array_equal(lazy[np.array([30, 3, 3])], clip[[30, 3, 3]])
    np.testing.assert_array_equal(lazy[3], clip[3])
    assert computed == [0, 30, 3]  # frame 0 tells the size
    assert lazy.shape == clip.shape
    assert lazy.dtype == clip.dtype
    assert len(lazy) == len(clip)


def test_a_spatial_corruption_computes_the_frames_that_it_is_asked_for() -> None:
    clip = moving_clip(40, 32, 48)
    lazy, computed = counted(clip)
    contrast = load("contrast")
    context = Context(ClipRandom(0, "demo", "a", "contrast", "3"), np.array([5, 20]))
    made = corruptions.corrupt_pixels(contrast, lazy, contrast.level(3, "mini_kinetics"), context)
    expected = corruptions.corrupt(clip, "contrast", 3, key="a", frames=[5, 20])
    np.testing.assert_array_equal(made, expected)
    assert computed == [0, 5, 20]


@pytest.mark.parametrize(
    "function",
    [
        lambda clip: clip.astype(np.float32),
        lambda clip: clip / 255.0,
        lambda clip: 255 - clip,
        lambda clip: np.mean(clip, axis=0),
        lambda clip: clip.mean(axis=(1, 2)),
        lambda clip: np.flip(clip, axis=2),
        lambda clip: clip[::2, 4:9, :, 1],
        lambda clip: clip[-3:],
        lambda clip: np.int64(clip.max()),
        lambda clip: clip > 100,
        lambda clip: clip.T,
    ],
)
def test_what_an_array_can_do_a_clip_on_demand_can_do(
    function: Callable[[Clip], np.ndarray],
) -> None:
    clip = moving_clip(12, 16, 24)
    np.testing.assert_array_equal(function(counted(clip)[0]), function(clip))


def test_frames_of_two_sizes_are_an_error() -> None:
    clip = on_demand(3, lambda index: np.zeros((8, 8 + index, 3), np.uint8))
    with pytest.raises(ClipError, match="frame 2 is of another size than frame 0"):
        clip[2]
