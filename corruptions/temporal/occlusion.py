"""Occlusion: a hand gets in front of the lens for a moment.

    y = median of 7 x 7 of (hand over x) in frames that are touched (`_localized`), else x

The hand is as large as fits into 1/1.1 of the frame and at its lower left; the median blurs, as
the camera has lost focus. The study pastes a photograph; here the hand is drawn: a palm and five
fingers of one skin colour, shaded from light to dark.

Level: s, share of the clip's frames that are touched, in (0, 1].

Nothing is random.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.temporal import _localized
from corruptions.types import Clip, Context

SOURCE = _localized.SOURCE + "; the drawing of the hand is ours"
LEVELS = _localized.LEVELS

MEDIAN = 7
LIGHT, DARK = np.array([214, 164, 138]), np.array([122, 78, 60])
PALM = ((0.20, 1.02), (0.16, 0.62), (0.28, 0.52), (0.62, 0.50), (0.70, 0.66), (0.60, 1.02))
FINGERS = (  # from the palm to the tip, and the width: all in parts of the hand's square
    ((0.24, 0.62), (0.06, 0.22), 0.11),
    ((0.34, 0.58), (0.26, 0.06), 0.12),
    ((0.46, 0.57), (0.46, 0.02), 0.12),
    ((0.58, 0.58), (0.66, 0.10), 0.12),
    ((0.62, 0.74), (0.92, 0.42), 0.12),
)


def occlusion(clip: Clip, share: float, context: Context) -> Clip:
    """Cover a run of `share` of the frames in the middle of the clip."""
    touched = _localized.touched(len(clip), share)
    wanted = context.wanted(len(clip))
    covered = clip[wanted]
    mask, hand = _hand(*clip.shape[1:3])
    for place, number in enumerate(wanted):
        if number in touched:
            cv2.copyTo(hand, mask, covered[place])
            covered[place] = cv2.medianBlur(covered[place], MEDIAN)
    return covered


@lru_cache(maxsize=4)
def _hand(height: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the mask of the hand (255 inside) and its picture."""
    side = min(height, width) / 1.1
    mask = np.zeros((height, width), np.uint8)

    def pixel(point: tuple[float, float]) -> tuple[int, int]:
        return round(point[0] * side), round(height - (1 - point[1]) * side)

    cv2.fillPoly(mask, [np.array([pixel(corner) for corner in PALM], np.int32)], 255)
    for base, tip, thickness in FINGERS:
        cv2.line(mask, pixel(base), pixel(tip), 255, max(1, round(thickness * side)))
    shade = np.arange(width) * 256 // max(1, width)  # whole numbers, light at the left
    colours = (LIGHT * (256 - shade[:, None]) + DARK * shade[:, None]) // 256
    return mask, np.broadcast_to(colours.astype(np.uint8), (height, width, 3)).copy()
