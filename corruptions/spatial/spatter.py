"""Spatter: water or mud on the lens.

The liquid l is a map of independent normal numbers of mean m and deviation d, blurred by a bell
curve of sigma s, and 0 below the threshold t. Water (k = 0) is light on the edges of its drops:

    y = min(1, x + a w C / max(w)),    w = l e,    C = (175, 238, 238) / 255, pale turquoise

with e a relief of the distance from the drops' outlines (found by Canny's method, 50 and 150),
limited to 20 pixels, smoothed, equalised, embossed and smoothed again. Mud (k = 1) covers:

    y = (1 - v) x + v C,    C = (63, 42, 20) / 255, mud brown

with v the map of where l is above t, blurred by a bell curve of sigma a, and 0 below 0.8.

Level: m, mean of the map, any number; d, deviation of the map, 0 or more; s, sigma of its blur in
pixels, in (0, 100]; t, threshold, any number; a, strength of the water or sigma of the mud's blur
in pixels, in (0, 100]; k, 0 for water or 1 for mud.

Random: the map, per clip: the lens stays dirty.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._normal import normals
from corruptions.types import Clip, Context

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), spatter; one map per clip is ours"
)
LEVELS = (  # (m, d, s, t, a, k)
    (0.65, 0.3, 4.0, 0.69, 0.6, 0),
    (0.65, 0.3, 3.0, 0.68, 0.6, 0),
    (0.65, 0.3, 2.0, 0.68, 0.5, 0),
    (0.65, 0.3, 1.0, 0.65, 1.5, 1),
    (0.67, 0.4, 1.0, 0.65, 1.5, 1),
)

WATER, MUD = (175, 238, 238), (63, 42, 20)  # RGB
UNIT = 16384  # of the map: 16 bits reach from -1.5 to 2.5
LOWEST = -1.5
MOST_SIGMA = 100.0
OUTLINE = (50, 150)
FARTHEST = 20  # pixels
RELIEF = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], np.float32)
THINNEST = 0.8  # mud

Level = tuple[float, float, float, float, float, int]


def spatter(clip: Clip, level: Level, context: Context) -> Clip:
    """Put water or mud on the lens."""
    mean, spread, sigma, threshold, strength, kind = level
    if not (spread >= 0 and 0 < sigma <= MOST_SIGMA and 0 < strength <= MOST_SIGMA):
        raise ValueError(f"{level = }: deviation 0 or more, sigma and strength in (0, 100].")
    if kind not in (0, 1):
        raise ValueError(f"{level = }: the last number must be 0 (water) or 1 (mud).")
    size = clip.shape[1:3]
    dry = normals(context.random.clip(), size, spread * UNIT)
    dry += round((mean - LOWEST) * UNIT)
    liquid = _bell(np.clip(dry, 0, 65535).astype(np.uint16), sigma)
    wanted = context.wanted(len(clip))
    dirty = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    limit = (threshold - LOWEST) * UNIT
    if kind == 0:
        light = _water(liquid, limit, strength)
        for out, number in zip(dirty, wanted, strict=True):
            cv2.add(clip[number], light, out)
        return dirty
    kept, colour = _mud(liquid > limit, strength)
    work = np.empty(clip.shape[1:], np.uint16)
    for out, number in zip(dirty, wanted, strict=True):
        np.multiply(clip[number], kept, out=work)
        work += colour
        work >>= np.uint16(8)
        out[...] = work
    return dirty


def _bell(values: NDArray[np.uint16], sigma: float) -> NDArray[np.uint16]:
    """Blur by a bell curve over +-4 sigma, the edge repeated outwards, in whole numbers."""
    side = 2 * max(1, math.floor(4 * sigma + 0.5)) + 1
    smooth = cv2.GaussianBlur(values, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(smooth, np.uint16).reshape(values.shape)


def _water(liquid: NDArray[np.uint16], limit: float, strength: float) -> NDArray[np.uint8]:
    """Return the light that is added, for every channel."""
    shown = liquid.astype(np.int64) * 255 // UNIT + round(255 * LOWEST)
    drops = (np.clip(shown, 0, 255) * (liquid >= limit)).astype(np.uint8)
    outline = cv2.bitwise_not(cv2.Canny(drops, *OUTLINE))
    distance = cv2.distanceTransform(outline, cv2.DIST_L2, 5)
    # Tenths of a thousandth of a pixel: whole numbers, so that sums have no last bits.
    far = np.floor(np.minimum(distance, FARTHEST).astype(np.float64) * 10_000).astype(np.int32)
    around = cv2.copyMakeBorder(far, 1, 1, 1, 1, cv2.BORDER_REFLECT_101)
    height, width = liquid.shape
    parts = [around[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    sums = np.sum(parts, axis=0, dtype=np.int64)
    relief = cv2.equalizeHist(np.asarray(sums // 90_000, np.uint8))
    relief = cv2.blur(cv2.filter2D(relief, cv2.CV_8U, RELIEF), (3, 3)).reshape(liquid.shape)
    wet = drops.astype(np.int64) * relief
    shares = wet / max(1, int(wet.max())) * strength
    return np.clip(np.floor(shares[..., None] * WATER + 0.5), 0, 255).astype(np.uint8)


def _mud(covered: NDArray[np.bool_], sigma: float) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Return what is kept of x, in 256ths, and 256 times what is added, both for every channel."""
    thickness = _bell(covered.astype(np.uint16) * np.uint16(65280), sigma).astype(np.int64)
    thickness[thickness < THINNEST * 65280] = 0
    share = (thickness + 127) // 255  # 0..256
    kept = np.repeat((256 - share)[..., None], 3, axis=2)
    return kept.astype(np.uint16), (share[..., None] * MUD + 128).astype(np.uint16)
