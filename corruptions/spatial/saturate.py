"""Saturate: colours washed out or glaring, as from a wrong camera or screen setting.

    HSV: S' = min(1, max(0, a S + b))

In RGB, with V the largest and N the smallest channel of a pixel, every channel v becomes

    V - (V - v) S' / S,    S = (V - N) / V

and grey, which has no hue, turns red (hue 0) when b > 0: (V, V - V b, V - V b).

Level: a, factor of the saturation, 0 or more; b, what is added to it, any number.

Nothing is random.

Dialects: `ours` rounds to the nearest whole number, `original` cuts.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST, far_from_boundary
from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, saturate; after Hendrycks, Dietterich"
LEVELS = ((0.3, 0.0), (0.1, 0.0), (2.0, 0.0), (5.0, 0.1), (20.0, 0.2))  # (a, b)


def saturate(clip: Clip, line: tuple[float, float], context: Context) -> Clip:
    """Map the S of HSV by the straight line (a, b)."""
    return _map(clip, line, context, NEAREST)


def saturate_original(clip: Clip, line: tuple[float, float], context: Context) -> Clip:
    """Map the S of HSV by the straight line (a, b), cut instead of rounded."""
    return _map(clip, line, context, CUT)


def _map(clip: Clip, line: tuple[float, float], context: Context, offset: float) -> Clip:
    if _is_mean(*line, offset):
        return _desaturated(clip, line[0], context, offset)
    ratios, turns_red = _table(*line)
    wanted = context.wanted(len(clip))
    vivid = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    size = clip.shape[1:3]
    channels = np.empty((3, *size), np.uint8)  # allocated once
    largest, smallest, distance, grey = np.empty((4, *size), np.uint8)
    pair = np.empty((*size, 2), np.uint8)
    ratio, top, value = np.empty((3, *size), np.float32)
    for out, number in zip(vivid, wanted, strict=True):
        cv2.split(clip[number], list(channels))
        cv2.max(cv2.max(channels[0], channels[1], largest), channels[2], largest)
        cv2.min(cv2.min(channels[0], channels[1], smallest), channels[2], smallest)
        cv2.merge((smallest, largest), pair)
        cv2.LUT(pair.view("<u2")[..., 0], ratios, ratio)
        np.equal(smallest, largest, out=grey.view(bool))
        top[...] = largest
        top += np.float32(offset)
        for index, channel in enumerate(channels):
            np.subtract(largest, channel, out=distance)
            if index and turns_red:
                distance += grey
            value[...] = distance
            value *= ratio
            np.subtract(top, value, out=value)
            channel[...] = value
        cv2.merge(list(channels), out)
    return vivid


NUDGE = 1e-3
"""Added before rounding to the nearest even number, so that halves are rounded upwards."""


def _desaturated(clip: Clip, kept: float, context: Context, offset: float) -> Clip:
    """Return kept v + (1 - kept) V, for levels of which `_is_mean` is true."""
    wanted = context.wanted(len(clip))
    dull = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    channels = np.empty((3, *clip.shape[1:3]), np.uint8)
    largest = np.empty_like(channels[0])
    shift = offset - NEAREST + NUDGE
    for out, number in zip(dull, wanted, strict=True):
        cv2.split(clip[number], list(channels))
        cv2.max(cv2.max(channels[0], channels[1], largest), channels[2], largest)
        for channel in channels:
            cv2.addWeighted(channel, kept, largest, 1 - kept, shift, channel)
        cv2.merge(list(channels), out)
    return dull


@lru_cache(maxsize=16)
def _is_mean(a: float, b: float, offset: float) -> bool:
    """Return True if a weighted mean of v and V in single precision is what `_map` computes.

    It is for a <= 1 and b = 0, where S' / S = a. All pairs v <= V are compared: no exact mean, with
    NUDGE, may be near a boundary of rounding, and all must be rounded to the same number.
    """
    if not (0 <= a <= 1 and b == 0):
        return False
    largest, value = np.tril_indices(256)
    exact = largest - a * (largest - value) + NUDGE
    single = (largest - value).astype(np.float32) * np.float32(a)
    mapped = (largest.astype(np.float32) + np.float32(offset) - single).astype(np.uint8)
    return far_from_boundary(exact, offset) and np.array_equal(np.floor(exact + offset), mapped)


@lru_cache(maxsize=16)
def _table(a: float, b: float) -> tuple[NDArray[np.float32], bool]:
    """Return S' / S at [256 V + N], or for grey what green and blue lose, and if they lose any."""
    if not a >= 0:
        raise ValueError(f"level {a, b}: the factor {a} of the saturation must be 0 or more.")
    largest, smallest = np.arange(256.0)[:, None], np.arange(256.0)
    spread = np.maximum(largest - smallest, 0)
    saturation = spread / np.maximum(largest, 1)
    mapped = np.clip(a * saturation + b, 0, 1)
    ratios = np.divide(mapped, saturation, out=np.zeros_like(mapped), where=saturation > 0)
    ratios[np.diag_indices(256)] = losses = (largest * mapped).diagonal()
    return ratios.astype(np.float32).reshape(1, -1), bool(losses.any())
