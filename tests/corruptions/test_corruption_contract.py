"""Contract of every pixel corruption; new ones are covered without a change here."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from corruptions import SEVERITIES, corrupt, names
from corruptions.registry import TABLES, load
from tests.corruptions.reference_clip import noise_clip, picture_clip, shared

PIXELS = [name for name in names() if load(name).acts_on == "pixels"]

SIZES = [(1, 1, 1), (2, 1, 1), (1, 1, 90), (3, 61, 1), (5, 7, 5), (33, 15, 16)]
LONG = (300, 9, 8)  # longer than any window in time
LARGE = (2, 720, 1280)
CASES = [(name, size) for name in PIXELS for size in SIZES]
CASES += [(name, LONG) for name in PIXELS if load(name).family == "temporal"]


@pytest.mark.parametrize(("name", "size"), CASES, ids=str)
def test_any_size_and_length(name: str, size: tuple[int, int, int]) -> None:
    clip = shared(noise_clip, *size)
    for severity in SEVERITIES:
        out = corrupt(clip, name, severity, key="k", fps=24)
        level = load(name).level(severity, "mini_kinetics")
        length = load(name).output_frames(len(clip), level, Fraction(24))
        assert out.dtype == np.uint8
        assert out.shape == (length, *clip.shape[1:])
        assert not np.shares_memory(out, clip)


@pytest.mark.parametrize("name", PIXELS)
def test_720p(name: str) -> None:
    clip = shared(picture_clip, *LARGE)
    assert corrupt(clip, name, 5, frames=[0]).shape == (1, *clip.shape[1:])


@pytest.mark.parametrize("name", PIXELS)
def test_any_frames_in_any_order(name: str) -> None:
    clip = shared(picture_clip, 19, 34, 45)
    for severity in SEVERITIES:
        whole = corrupt(clip, name, severity, key="k")
        wanted = [len(whole) - 1, 0, len(whole) // 2, 0, len(whole) // 3]
        some = corrupt(clip, name, severity, key="k", frames=wanted)
        assert (some == whole[wanted]).all()
    assert corrupt(clip, name, 3, frames=[]).shape == (0, 34, 45, 3)


@pytest.mark.parametrize("name", PIXELS)
def test_same_names_same_pixels(name: str) -> None:
    clip = shared(picture_clip, 6, 20, 30)
    first = corrupt(clip, name, 3, key="a", seed=4)
    assert (corrupt(clip, name, 3, key="a", seed=4) == first).all()


@pytest.mark.parametrize("name", PIXELS)
def test_same_pixels_on_any_number_of_opencv_threads(name: str) -> None:
    clip = shared(picture_clip, 3, 400, 500)
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        one = corrupt(clip, name, 3, frames=[0])
        cv2.setNumThreads(4)
        assert (corrupt(clip, name, 3, frames=[0]) == one).all()
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize("name", PIXELS)
def test_views_are_welcome(name: str) -> None:
    """For example BGR read by OpenCV and turned around: same values, other memory."""
    clip = shared(picture_clip, 6, 20, 30)
    backwards = np.ascontiguousarray(clip[..., ::-1])
    view = corrupt(backwards[..., ::-1], name, 3)
    assert (view == corrupt(clip, name, 3)).all()


@pytest.mark.parametrize("name", PIXELS)
def test_clip_may_be_read_only(name: str) -> None:
    clip = shared(picture_clip, 6, 20, 30)
    assert not clip.flags.writeable
    out = corrupt(clip, name, 3)
    out[:] = 0  # the result is the caller's own


@pytest.mark.parametrize("name", PIXELS)
def test_five_levels_and_a_source(name: str) -> None:
    corruption = load(name)
    assert corruption.source
    for table in TABLES:
        assert len(corruption.levels[table]) == 5
    assert corruption.module.__doc__
    assert corruption.function.__doc__


@pytest.mark.parametrize("name", PIXELS)
def test_a_level_by_hand_is_the_severity_but_for_the_random_numbers(name: str) -> None:
    clip = shared(picture_clip, 12, 20, 30)
    level = load(name).level(4, "mini_kinetics")
    by_hand = corrupt(clip, name, None, level=level)
    assert by_hand.shape == corrupt(clip, name, 4).shape
    assert (by_hand == corrupt(clip, name, 2, level=level)).all()


@pytest.mark.parametrize("name", PIXELS)
def test_every_severity_changes_something(name: str) -> None:
    length = 150 if load(name).family == "temporal" else 12
    clip = shared(picture_clip, length, 32, 32)
    results = [corrupt(clip, name, severity, key="k") for severity in SEVERITIES]
    for result in results:
        assert result.shape != clip.shape or (result != clip).any()
