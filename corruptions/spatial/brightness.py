"""Brightness: over-exposure lifts every value, colours keep hue and saturation.

    HSV: V' = min(1, V + c)

In RGB this scales a pixel's channels by V' / V, V being the largest of them; black, which has no
hue, becomes grey.

Level: c, what is added to V, in [-1, 1].

Nothing is random.

Dialects: `ours` rounds to the nearest whole number, `original` cuts.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST, to_uint8
from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, brightness; after Hendrycks, Dietterich"
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)  # c: added to V in [0, 1]


def brightness(clip: Clip, added: float, context: Context) -> Clip:
    """Add `added` to the V of HSV."""
    return _lift(clip, _table(float(added), NEAREST), context)


def brightness_original(clip: Clip, added: float, context: Context) -> Clip:
    """Add `added` to the V of HSV, cut instead of rounded."""
    return _lift(clip, _table(float(added), CUT), context)


def _lift(clip: Clip, table: NDArray[np.uint8], context: Context) -> Clip:
    wanted = context.wanted(len(clip))
    bright = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    channels = np.empty((3, *clip.shape[1:3]), np.uint8)  # allocated once and reused
    largest, results = np.empty_like(channels[0]), np.empty_like(channels)
    pair = np.empty((*clip.shape[1:3], 2), np.uint8)
    for out, number in zip(bright, wanted, strict=True):
        cv2.split(clip[number], list(channels))
        cv2.max(cv2.max(channels[0], channels[1], largest), channels[2], largest)
        for channel, result in zip(channels, results, strict=True):
            cv2.merge((channel, largest), pair)
            cv2.LUT(pair.view("<u2")[..., 0], table, result)
        cv2.merge(list(results), out)
    return bright


@lru_cache(maxsize=16)
def _table(added: float, offset: float) -> NDArray[np.uint8]:
    """Return the corrupted value at [256 x largest channel of the pixel + value]."""
    if not -1 <= added <= 1:
        raise ValueError(f"level {added} (added to V in [0, 1]) must be in -1..1.")
    largest = np.arange(256.0)[:, None]
    lifted = np.clip(largest + 255 * added, 0, 255)
    table = np.arange(256.0) * lifted / np.maximum(largest, 1)
    table[0] = lifted[0]  # black has S = 0, so all channels become V'
    return to_uint8(table, offset).reshape(1, -1)
