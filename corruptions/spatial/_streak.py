"""One-sided motion blur along an angle, as ImageMagick defines it, in whole numbers.

With g_i the values of exp(-i^2 / (2 sigma^2)) for 0 <= i <= 2 radius, divided by their sum, and
o_i the point i pixels along the angle, to the nearest pixel: y(p) = sum of g_i x(p + o_i).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

PARTS = 65536
"""Weights are multiples of 1/65536: 255 x 65536 is below 2^24, so float32 sums are exact."""

MOST_RADIUS = 200

Taps = list[tuple[int, int, int]]
"""Offset in columns, offset in rows, weight."""


def taps(radius: int, sigma: float, degrees: float) -> Taps:
    """Return the points of the kernel; the angle is clockwise from the right."""
    if not (0 <= radius <= MOST_RADIUS and radius == int(radius) and sigma > 0):
        raise ValueError(
            f"level ({radius = }, {sigma = }): need a whole radius in 0..{MOST_RADIUS}, sigma > 0."
        )
    bell = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(2 * int(radius) + 1)]
    total = math.fsum(bell)
    weights = [round(PARTS * value / total) for value in bell]
    weights[0] += PARTS - sum(weights)
    angle = math.radians(degrees)
    return [
        (math.ceil(i * math.cos(angle) - 0.5), math.ceil(i * math.sin(angle) - 0.5), weight)
        for i, weight in enumerate(weights)
        if weight
    ]


def streaked(frame: NDArray[np.uint8], points: Taps) -> NDArray[np.uint8]:
    """Blur a frame, its edge repeated outwards, and round to the nearest whole number."""
    height, width = frame.shape[:2]
    left, right = -min(x for x, _, _ in points), max(x for x, _, _ in points)
    top, bottom = -min(y for _, y, _ in points), max(y for _, y, _ in points)
    around = cv2.copyMakeBorder(frame, top, bottom, left, right, cv2.BORDER_REPLICATE)
    around = around.reshape(height + top + bottom, -1).astype(np.float32)
    channels = around.shape[1] // (width + left + right)
    sums = np.zeros((height, channels * width), np.float32)
    for x, y, weight in points:
        first = (left + x) * channels
        part = around[top + y : top + y + height, first : first + channels * width]
        cv2.scaleAdd(part, weight, sums, sums)
    return np.asarray(cv2.convertScaleAbs(sums, alpha=1 / PARTS), np.uint8).reshape(frame.shape)
