"""Local motion blur: the camera is jerked for a moment.

In the frames that are touched (`_localized`), ImageMagick's motion blur of radius 20 and sigma 15
at an angle from -45 to 45 degrees, one-sided: with g_i the values of exp(-i^2 / (2 sigma^2)) for
0 <= i <= 2 radius, divided by their sum,

    y(p) = sum of g_i x(p + o_i),    o_i = i pixels along the angle, to the nearest pixel

and pixels outside the frame equal to those of its edge. Computed here with whole numbers (weights
of 1/65536), not by the library, so that the result is the same everywhere; it is within 2 levels
of the library's.

Level: s, share of the clip's frames that are touched, in (0, 1].

Random: the angle, per frame.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.temporal import _localized
from corruptions.types import Clip, Context, random_uniforms

SOURCE = _localized.SOURCE
LEVELS = _localized.LEVELS

RADIUS, SIGMA = 20, 15.0
TAPS = 2 * RADIUS + 1
MOST_DEGREES = 45.0


def local_motion_blur(clip: Clip, share: float, context: Context) -> Clip:
    """Blur a run of `share` of the frames in the middle of the clip."""
    touched = _localized.touched(len(clip), share)
    wanted = context.wanted(len(clip))
    blurred = clip[wanted]
    for place, number in enumerate(wanted):
        if number in touched:
            draw = random_uniforms(context.random.frame(int(number)), 1)[0]
            blurred[place] = _blur(clip[number], MOST_DEGREES * (2 * draw - 1))
    return blurred


def _blur(frame: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    around = cv2.copyMakeBorder(frame, *(TAPS,) * 4, cv2.BORDER_REPLICATE)
    total = np.full(frame.shape, 1 << 15, np.uint32)
    for weight, (x, y) in zip(_weights(), _offsets(degrees), strict=True):
        part = around[TAPS + y : TAPS + y + height, TAPS + x : TAPS + x + width]
        total += np.multiply(part, np.uint32(weight), dtype=np.uint32)
    total >>= np.uint32(16)
    return total.astype(np.uint8)


def _weights() -> list[int]:
    """Return half a bell curve, in parts of 65536 that add up to it."""
    bell = [math.exp(-(i**2) / (2 * SIGMA**2)) for i in range(TAPS)]
    weights = [round(65536 * value / sum(bell)) for value in bell]
    weights[0] += 65536 - sum(weights)
    return weights


def _offsets(degrees: float) -> list[tuple[int, int]]:
    """Return the pixels along the angle, clockwise from the right."""
    angle = math.radians(degrees)
    return [
        (math.ceil(i * math.cos(angle) - 0.5), math.ceil(i * math.sin(angle) - 0.5))
        for i in range(TAPS)
    ]
