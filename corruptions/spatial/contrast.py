"""Contrast: haze, backlight or a flat camera profile bring all values near their mean.

    y = (x - mu) c + mu,    mu = mean of x over the frame, per channel

Level: c, what is left of the distance from the mean, 0 or more.

Nothing is random.

Dialects: `ours` rounds 255 y to the nearest whole number, `original` cuts it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST, far_from_boundary, to_uint8
from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, contrast; after Hendrycks and Dietterich"
LEVELS = (0.5, 0.4, 0.3, 0.2, 0.1)  # c: what is left of the distance from the mean

VALUES = np.arange(256.0)[:, None]


def contrast(clip: Clip, kept: float, context: Context) -> Clip:
    """Shrink contrast to the share `kept` (above 1: stretch it)."""
    return _shrink(clip, kept, context, NEAREST)


def contrast_original(clip: Clip, kept: float, context: Context) -> Clip:
    """Shrink contrast to the share `kept`, cut instead of rounded."""
    return _shrink(clip, kept, context, CUT)


def _shrink(clip: Clip, kept: float, context: Context, offset: float) -> Clip:
    if not kept >= 0:
        raise ValueError(f"level {kept} (share of contrast that is kept) must be 0 or more.")
    wanted = context.wanted(len(clip))
    flat = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    planes = np.empty((3, *clip.shape[1:3]), np.uint8)  # allocated once and reused
    pixels = clip.shape[1] * clip.shape[2]
    scaled = VALUES * kept
    fractions = np.unique(np.round(scaled % 1, 9))[:, None]
    for out, number in zip(flat, wanted, strict=True):
        frame = clip[number]
        shift = (1 - kept) * (np.array(cv2.sumElems(frame)[:3]) / pixels)  # whole sums: exact
        if kept <= 1 and far_from_boundary(fractions + shift, offset):
            _scale(frame, kept, shift + (offset - NEAREST), planes, out)
        else:
            cv2.LUT(frame, to_uint8(scaled + shift, offset)[None], out)
    return flat


def _scale(
    frame: NDArray[np.uint8],
    factor: float,
    shifts: NDArray[np.float64],
    planes: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> None:
    """Write factor x + shift to `out`, with a shift per channel, rounded: faster than a table."""
    cv2.split(frame, list(planes))
    for plane, shift in zip(planes, shifts, strict=True):
        cv2.convertScaleAbs(plane, plane, factor, shift)
    cv2.merge(list(planes), out)
