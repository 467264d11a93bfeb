"""Elastic transform: the scene seen through moving water or a warped pane.

    y(p) = x(p + a d(p)),   d = u blurred by a bell curve of 1 % of each side,   |u| <= H / 200

with u uniform in each direction and independent from pixel to pixel. Bilinear, to 1/32 of a pixel;
what lies outside the frame is its mirror image.

Level: a, factor of the displacement, in [0, 1000].

Random: u, per clip: the pane does not move.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), elastic transform, in the sizes of the imagecorruptions package "
    "(any size of frame); one pane per clip is ours"
)
LEVELS = (12.5, 16.25, 21.25, 25.0, 30.0)  # a

MOST_FACTOR = 1000.0
SIGMA = 0.01  # of the side
REACH = 3.0  # of the bell curve, in sigmas
LARGEST = 0.005  # of the height
PARTS = 32  # of a pixel: as fine as OpenCV's tables of whole-number weights are


def elastic_transform(clip: Clip, factor: float, context: Context) -> Clip:
    """Displace every pixel by a smooth random field, `factor` times."""
    if not 0 <= factor <= MOST_FACTOR:
        raise ValueError(f"level {factor} (factor of the displacement) must be in 0..1000.")
    height, width = clip.shape[1:3]
    draws = random_bytes(context.random.clip(), 4 * height * width).view("<u2")
    fields = draws.reshape(2, height, width)
    rows, columns = (_displaced(field, axis, factor) for axis, field in enumerate(fields))
    whole = np.stack([columns // PARTS, rows // PARTS], axis=-1).astype(np.int16)
    parts = (rows % PARTS * PARTS + columns % PARTS).astype(np.uint16)
    wanted = context.wanted(len(clip))
    warped = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(warped, wanted, strict=True):
        cv2.remap(clip[number], whole, parts, cv2.INTER_LINEAR, out, cv2.BORDER_REFLECT)
    return warped


def _displaced(field: NDArray[np.uint16], axis: int, factor: float) -> NDArray[np.int64]:
    """Return where pixels come from along an axis, in 1/32 of a pixel."""
    height, width = field.shape
    sigmas = [SIGMA * side for side in (width, height)]
    size = [2 * max(1, math.ceil(REACH * sigma)) + 1 for sigma in sigmas]
    smooth = cv2.GaussianBlur(
        field, size, sigmaX=sigmas[0], sigmaY=sigmas[1], borderType=cv2.BORDER_REFLECT
    )
    steps = PARTS * factor * LARGEST * height / 32768
    shifts = np.floor((smooth.reshape(field.shape).astype(np.float64) - 32767.5) * steps + 0.5)
    here = np.arange(field.shape[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray(PARTS * here + shifts.astype(np.int64))
