"""Defocus blur: every point becomes a disk, as through a lens out of focus.

    y = mean of g over the disk of radius r,    g = x blurred by a bell curve of sigma s

The published kernel is the disk itself, blurred by the bell curve to smooth its edge. Both orders
are the same convolution, except that the published kernel is cut off where a disk fills its array
(r = 8 and 10), so that it adds up to 1.01; here brightness stays. Edges are mirrored.

Level: r, radius of the disk in pixels, whole, in 1..100; s, sigma of the bell curve in pixels,
above 0.

Nothing is random.

All in whole numbers: the disk is a sum of columns, each the difference of two running sums.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), defocus blur; "
    "table of Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))  # (r in pixels, s in pixels)

MOST_RADIUS = 100
MOST_ADDED = 257  # values of 255 that 16 bits hold the sum of


def defocus_blur(clip: Clip, level: tuple[int, float], context: Context) -> Clip:
    """Blur with a disk of radius `level[0]`, its edge softened by sigma `level[1]`."""
    radius, sigma = level
    if not (1 <= radius <= MOST_RADIUS and radius == int(radius) and sigma > 0):
        raise ValueError(f"{level = }: whole radius in 1..{MOST_RADIUS}, sigma above 0.")
    reaches = [math.isqrt(int(radius) ** 2 - column**2) for column in range(int(radius) + 1)]
    area = 2 * sum(2 * reach + 1 for reach in reaches) - (2 * reaches[0] + 1)
    size = 3 if radius <= 8 else 5
    wanted = context.wanted(len(clip))
    blurred = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(blurred, wanted, strict=True):
        cv2.GaussianBlur(clip[number], (size, size), sigma, out)
        total = _sums(out, reaches)
        total += total.dtype.type(area // 2)
        total //= total.dtype.type(area)
        out[...] = total.reshape(out.shape)
    return blurred


def _sums(frame: NDArray[np.uint8], reaches: list[int]) -> NDArray[np.unsignedinteger]:
    """Add up the values of the disk around each pixel, column by column of the disk.

    A column is the difference of two running sums. These wrap at 65536, which is right as long as
    no more than 257 values of 255 are added up; then a new sum begins.
    """
    height, width, channels = frame.shape
    radius = len(reaches) - 1
    around = cv2.copyMakeBorder(
        frame, radius + 1, radius, radius, radius, cv2.BORDER_REFLECT_101
    ).reshape(height + 2 * radius + 1, -1)
    running = np.cumsum(around, axis=0, dtype=np.uint16)
    sums = []
    added = MOST_ADDED
    for reach in sorted(set(reaches)):
        top, bottom = radius - reach, radius + reach + 1
        tall = running[bottom : bottom + height] - running[top : top + height]
        for column in range(-radius, radius + 1):
            if reaches[abs(column)] != reach:
                continue
            added += 2 * reach + 1
            if added > MOST_ADDED:
                sums.append(np.zeros((height, width * channels), np.uint16))
                added = 2 * reach + 1
            first = (radius + column) * channels
            sums[-1] += tall[:, first : first + width * channels]
    return sums[0] if len(sums) == 1 else np.sum(sums, axis=0, dtype=np.uint32)
