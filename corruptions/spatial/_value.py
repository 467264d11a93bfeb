"""Change the V of HSV: a pixel's channels are scaled by V' / V, so hue and saturation stay."""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import NEAREST, to_uint8
from corruptions.types import Clip, Context


def table(mapped: NDArray[np.float64], offset: float = NEAREST) -> NDArray[np.uint8]:
    """Return the new value of a channel at [256 x largest channel of the pixel + value].

    `mapped` is the new largest channel for each of 0..255, within 0..255.
    """
    largest = np.arange(256.0)[:, None]
    values = np.arange(256.0) * mapped[:, None] / np.maximum(largest, 1)
    values[0] = mapped[0]  # black has S = 0, so all channels become V'
    return to_uint8(values, offset).reshape(1, -1)


def revalued(clip: Clip, values: NDArray[np.uint8], context: Context) -> Clip:
    """Look up every channel of the wanted frames in a `table`."""
    wanted = context.wanted(len(clip))
    result = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    channels = np.empty((3, *clip.shape[1:3]), np.uint8)  # allocated once and reused
    largest, results = np.empty_like(channels[0]), np.empty_like(channels)
    pair = np.empty((*clip.shape[1:3], 2), np.uint8)
    for out, number in zip(result, wanted, strict=True):
        cv2.split(clip[number], list(channels))
        cv2.max(cv2.max(channels[0], channels[1], largest), channels[2], largest)
        for channel, mapped in zip(channels, results, strict=True):
            cv2.merge((channel, largest), pair)
            cv2.LUT(pair.view("<u2")[..., 0], values, mapped)
        cv2.merge(list(results), out)
    return result
