"""Rotation of frames about their centre, the same on every machine."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

PARTS = 32  # of a pixel: as fine as OpenCV's tables of whole-number weights are
Maps = tuple[NDArray[np.int16], NDArray[np.uint16]]


def rotated(frame: NDArray[np.uint8], degrees: float, out: NDArray[np.uint8]) -> None:
    """Rotate counter-clockwise, bilinear, black where the frame does not reach."""
    whole, parts = _maps(*frame.shape[:2], float(degrees))
    cv2.remap(frame, whole, parts, cv2.INTER_LINEAR, out, cv2.BORDER_CONSTANT)


@lru_cache(maxsize=64)
def _maps(height: int, width: int, degrees: float) -> Maps:
    """Return the source of each pixel: whole pixels, and parts of 1/32 pixel.

    `cv2.warpAffine` would do, but rounds otherwise where a CPU has other instructions. Sine and
    cosine are cut to 1/2^24, because their last bits differ between machines too.
    """
    cos = round(math.cos(math.radians(degrees)) * 2**24) / 2**24
    sin = round(math.sin(math.radians(degrees)) * 2**24) / 2**24
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x, y = np.arange(width) - middle_x, (np.arange(height) - middle_y)[:, None]
    return _fixed(cos * x - sin * y + middle_x, sin * x + cos * y + middle_y)


def _fixed(x: NDArray[np.float64], y: NDArray[np.float64]) -> Maps:
    columns, rows = (np.floor(PARTS * place + 0.5).astype(np.int32) for place in (x, y))
    whole = np.stack([columns // PARTS, rows // PARTS], axis=-1).astype(np.int16)
    return whole, (rows % PARTS * PARTS + columns % PARTS).astype(np.uint16)
