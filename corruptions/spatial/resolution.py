"""Resolution: a frame filmed or sent too small, enlarged again.

    y = enlarge(reduce(x)),    to max(1, round(c H)) x max(1, round(c W)) pixels and back

Reduced by the mean over areas, rounded once (halves upwards), enlarged bilinearly; both in whole
numbers (the latter is OpenCV's exact one). The result is soft; `pixelate` has hard blocks.

Level: c, side of the small frame over that of the frame, in (0, 1].

Nothing is random.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), resolution "
    "degradation (there 0.1, bicubic); table and interpolation ours"
)
LEVELS = (0.5, 0.35, 0.25, 0.15, 0.1)  # c


def resolution(clip: Clip, share: float, context: Context) -> Clip:
    """Scale to `share` of both sides and back, softly."""
    if not 0 < share <= 1:
        raise ValueError(f"level {share} (share of the frame's side) must be in (0, 1].")
    height, width = clip.shape[1:3]
    small = (max(1, int(width * share + 0.5)), max(1, int(height * share + 0.5)))
    wanted = context.wanted(len(clip))
    soft = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(soft, wanted, strict=True):
        reduced = _area_means(clip[number], small)
        cv2.resize(reduced, (width, height), out, interpolation=cv2.INTER_LINEAR_EXACT)
    return soft


def _area_means(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a frame reduced to (width, height); OpenCV's INTER_AREA differs between CPUs."""
    height, width = frame.shape[:2]
    sums = _area_sums(_area_sums(frame.astype(np.int64), 0, size[1]), 1, size[0])
    area = height * width
    means: NDArray[np.uint8] = ((2 * sums + area) // (2 * area)).astype(np.uint8)
    return means


def _area_sums(values: NDArray[np.int64], axis: int, parts: int) -> NDArray[np.int64]:
    """Return the sums over `parts` equal parts of an axis, times `parts`: whole numbers.

    A part may begin within a value, whose share before the boundary is the remainder below.
    """
    side = values.shape[axis]
    whole, remainder = np.divmod(np.arange(parts + 1) * side, parts)
    shape = [1] * values.ndim
    shape[axis] = -1
    before = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
    cut = values.take(np.minimum(whole, side - 1), axis)
    bounds = parts * before.take(whole, axis) + remainder.reshape(shape) * cut
    sums: NDArray[np.int64] = np.diff(bounds, axis=axis)
    return sums
