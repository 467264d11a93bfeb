"""Defocus blur: every point becomes a disk, as through a lens out of focus.

    y = mean of g over the disk of radius r,    g = x blurred by a bell curve of sigma s

The published kernel is the disk itself, blurred by the bell curve to smooth its edge. Both orders
are the same convolution, except that the published kernel is cut off where a disk fills its array
(r = 8 and 10), so that it adds up to 1.01; here brightness stays. Edges are mirrored.

Level: r, radius of the disk in pixels, whole, in 1..100; s, sigma of the bell curve in pixels,
above 0.

Nothing is random.

All in whole numbers: the disk is a sum of rows of boxes.
"""

import math

import cv2
import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), defocus blur; "
    "table of Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))  # (r in pixels, s in pixels)

MOST_RADIUS = 100


def defocus_blur(clip: Clip, level: tuple[int, float], context: Context) -> Clip:
    """Blur with a disk of radius `level[0]`, its edge softened by sigma `level[1]`."""
    radius, sigma = level
    if not (1 <= radius <= MOST_RADIUS and radius == int(radius) and sigma > 0):
        raise ValueError(f"{level = }: whole radius in 1..{MOST_RADIUS}, sigma above 0.")
    widths = [math.isqrt(int(radius) ** 2 - row**2) for row in range(int(radius) + 1)]
    area = 2 * sum(2 * width + 1 for width in widths) - (2 * widths[0] + 1)
    size = 3 if radius <= 8 else 5
    wanted = context.wanted(len(clip))
    blurred = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    total = np.empty(clip.shape[1:], np.uint32)
    for out, number in zip(blurred, wanted, strict=True):
        cv2.GaussianBlur(clip[number], (size, size), sigma, out)
        around = cv2.copyMakeBorder(out, *(len(widths) - 1,) * 4, cv2.BORDER_REFLECT_101)
        total[...] = area // 2
        for row, width in enumerate(widths):
            columns = np.s_[radius : radius + clip.shape[2]]
            sums = cv2.boxFilter(around, cv2.CV_32S, (2 * width + 1, 1), normalize=False)
            for start in {radius - row, radius + row}:
                total += sums[start : start + clip.shape[1], columns].view(np.uint32)
        total //= np.uint32(area)
        out[...] = total
    return blurred
