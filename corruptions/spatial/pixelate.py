"""Pixelate: a frame enlarged from far too few pixels.

    y(p) = mean of x over the block of p,    floor(c H) x floor(c W) blocks, at least 1 x 1

Blocks are of whole pixels, as equal as that allows: block i of n along a side of S pixels begins at
pixel floor(i S / n + 1/2).

Level: c, side of the small frame over that of the frame, in (0, 1].

Nothing is random.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import DTypeLike, NDArray

from corruptions.types import Clip, Context

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), pixelate; blocks as the Pillow library cuts them"
)
LEVELS = (0.6, 0.5, 0.4, 0.3, 0.25)  # c


def pixelate(clip: Clip, share: float, context: Context) -> Clip:
    """Scale to `share` of both sides and back."""
    if not 0 < share <= 1:
        raise ValueError(f"level {share} (share of the frame's side) must be in (0, 1].")
    height, width = clip.shape[1:3]
    tall, wide = _sizes(height, share), _sizes(width, share)
    area = np.repeat(np.multiply.outer(wide, tall)[..., None], 3, axis=2)
    small = area.max() <= 256  # a block's sum fits into 16 bits
    kind, real = (np.uint16, np.float32) if small else (np.float64, np.float64)
    area = area.astype(real)
    rows, columns = _ranks(tall), _ranks(wide)
    wanted = context.wanted(len(clip))
    coarse = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(coarse, wanted, strict=True):
        sums = _summed(clip[number], rows, kind)
        sums = _summed(cv2.transpose(sums).reshape(width, -1, 3), columns, kind)
        means = np.divide(sums, area, dtype=real)
        means += real(0.5)
        turned = cv2.transpose(means.astype(np.uint8).repeat(wide, axis=0))
        out[...] = turned.reshape(-1, width, 3).repeat(tall, axis=0)
    return coarse


def _sizes(side: int, share: float) -> NDArray[np.intp]:
    """Return how many pixels each block has along a side."""
    count = max(1, int(side * share))
    starts = (2 * np.arange(count + 1) * side + count) // (2 * count)
    return np.diff(starts)


Ranks = list[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""For the first row of all blocks, for the second, ...: where it is, and which blocks have none."""


def _ranks(sizes: NDArray[np.intp]) -> Ranks:
    """Return the rows (or columns) of the blocks, rank by rank."""
    starts = np.cumsum(sizes) - sizes
    last = starts + sizes - 1
    return [
        (np.minimum(starts + rank, last), np.flatnonzero(sizes <= rank))
        for rank in range(int(sizes.max()))
    ]


def _summed(frame: NDArray[Any], ranks: Ranks, kind: DTypeLike) -> NDArray[Any]:
    """Add up the rows of each block."""
    sums = frame[ranks[0][0]].astype(kind)
    for rows, missing in ranks[1:]:
        part = frame[rows]
        part[missing] = 0
        sums += part
    return sums
