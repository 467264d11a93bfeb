"""Contrast: haze, backlight or a flat camera profile bring all values near their mean.

    y = (x - mu) c + mu,    mu = mean of x over the frame, per channel

Level: c, what is left of the distance from the mean, 0 or more.

Nothing is random.

Dialects: `ours` rounds 255 y to the nearest whole number, `original` cuts it.
"""

import cv2
import numpy as np

from corruptions.spatial._rounding import CUT, NEAREST, to_uint8
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
    pixels = clip.shape[1] * clip.shape[2]
    for out, number in zip(flat, wanted, strict=True):
        means = np.array(cv2.sumElems(clip[number])[:3]) / pixels  # whole sums: exact
        cv2.LUT(clip[number], to_uint8(VALUES * kept + (1 - kept) * means, offset)[None], out)
    return flat
