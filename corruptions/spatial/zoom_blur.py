"""Zoom blur: the camera moves towards the scene while the shutter is open.

    y = (x + sum of zoom_z(x)) / (n + 1),    z = 1, 1 + s, 1 + 2 s, ...: n of them

zoom_z(x) is the central ceil(H / z) x ceil(W / z) of the frame, scaled to its full size, bilinear
in whole numbers (OpenCV's exact one).

Level: n, number of zooms, whole, in 1..255; s, step from zoom to zoom, 0 or more.

Nothing is random.
"""

import math

import cv2
import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), zoom blur; table "
    "of Hendrycks and Dietterich, ICLR 2019"
)
# (n, s). The published ranges leave out their end, 1.11 with s = 0.01, but floating point gets
# there at severity 1: 12 zooms up to 1.11, not 11.
LEVELS = ((12, 0.01), (16, 0.01), (11, 0.02), (13, 0.02), (11, 0.03))

MOST_ZOOMS = 255  # 256 frames of 255: the largest sum that 16 bits hold


def zoom_blur(clip: Clip, level: tuple[int, float], context: Context) -> Clip:
    """Average the frame and `level[0]` zooms, in steps of `level[1]`."""
    count, step = level
    if not (1 <= count <= MOST_ZOOMS and count == int(count) and step >= 0):
        raise ValueError(f"{level = }: need a whole number of zooms in 1..{MOST_ZOOMS}, step >= 0.")
    height, width = clip.shape[1:3]
    wanted = context.wanted(len(clip))
    blurred = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    total = np.empty(clip.shape[1:], np.uint16)
    for out, number in zip(blurred, wanted, strict=True):
        total[...] = clip[number]
        total += np.uint16((count + 1) // 2)
        for index in range(int(count)):
            zoom = round(1 + index * step, 9)
            rows, columns = math.ceil(height / zoom), math.ceil(width / zoom)
            top, left = (height - rows) // 2, (width - columns) // 2
            part = clip[number][top : top + rows, left : left + columns]
            total += cv2.resize(part, (width, height), out, interpolation=cv2.INTER_LINEAR_EXACT)
        total //= np.uint16(count + 1)
        out[...] = total
    return blurred
