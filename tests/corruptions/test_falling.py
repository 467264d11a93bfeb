"""Rain and snow that fall through the frames: as dense as the flickering ones, and coherent."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from corruptions import SEVERITIES, corrupt
from corruptions.registry import load
from corruptions.types import Clip
from tests.corruptions.reference_clip import flat_clip

SIDE = 160


def light(name: str, severity: int, *, fps: int = 25, frames: int = 10) -> NDArray[np.float64]:
    """Light that is added to a grey clip, per frame."""
    clip = flat_clip(frames, SIDE, SIDE, 90)
    made: Clip = corrupt(clip, name, severity, fps=fps)
    grey = made[..., 0].astype(float)
    return grey - np.median(grey, axis=(1, 2), keepdims=True)


def shift(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[int, int, float]:
    """Shift down and to the right that fits best, from one frame to the next, and how well."""
    inner = first[20:80, 50:110].astype(np.float32)
    match = cv2.matchTemplate(second.astype(np.float32), inner, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(match)
    return y - 20, x - 50, best


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize(
    ("falling", "flickering"), [("falling_rain", "rain"), ("falling_snow", "snow")]
)
def test_as_much_falls_as_in_the_flickering_form(
    falling: str, flickering: str, severity: int
) -> None:
    clip = flat_clip(12, 224, 224, 90)
    new, old = (corrupt(clip, name, severity) for name in (falling, flickering))
    assert new.mean() == pytest.approx(old.mean(), abs=4)
    assert new.std() == pytest.approx(old.std(), rel=0.12)


@pytest.mark.parametrize("severity", [1, 2])
def test_flakes_move_down_at_their_speed(severity: int) -> None:
    """Where few flakes are: near ones are as many as far ones, which move at 0.6 of the speed."""
    frames = light("falling_snow", severity, fps=25)
    speed = load("falling_snow").level(severity, "mini_kinetics")[-1] / 25
    down, across, fit = shift(frames[3], frames[4])
    assert fit > 0.35
    assert down > 0
    moved = (down**2 + across**2) ** 0.5
    assert min(abs(moved - speed), abs(moved - 0.6 * speed)) < 2
    assert shift(light("snow", severity)[3], light("snow", severity)[4])[2] < 0.35


def test_a_drop_falls_at_its_speed_along_its_column() -> None:
    level = (SIDE * (SIDE + 10), 10, 1.0, 500.0)  # one drop
    clip = flat_clip(12, SIDE, SIDE, 90)
    grey = corrupt(clip, "falling_rain", None, level=level, fps=50)[..., 0].astype(float)
    wet = [np.argwhere(one > np.median(one)) for one in grey]
    inside = [one for one in wet if len(one) and one[:, 0].min() > 0 and one[:, 0].max() < SIDE - 1]
    assert len(inside) > 4
    heights = np.array([one[:, 0].min() for one in inside])
    steps = np.diff(heights)
    assert 0.8 * 10 - 1 <= np.median(steps) <= 1.2 * 10 + 1
    assert np.ptp(steps[steps > 0]) <= 1
    columns = {int(np.median(one[:, 1])) for one in inside}
    assert len(columns) <= 2


def test_the_same_moment_looks_the_same_at_any_frame_rate() -> None:
    clip = flat_clip(9, 64, 64, 90)
    for name in ("falling_rain", "falling_snow"):
        slow = corrupt(clip, name, 3, fps=10)[:5]
        fast = corrupt(clip, name, 3, fps=20)[::2]
        assert (slow == fast).all()


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("falling_rain", (0, 10, 0.8, 100.0)),
        ("falling_rain", (700, 10, 0.8, -1.0)),
        ("falling_snow", (0.1, 0.3, 0.5, 0.5, 10, 4.0, 0.8, 100.0)),
        ("falling_snow", (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8, 1e9)),
    ],
)
def test_impossible_levels_are_refused(name: str, level: object) -> None:
    with pytest.raises(ValueError, match="level"):
        corrupt(flat_clip(2, 8, 8, 9), name, None, level=level)
