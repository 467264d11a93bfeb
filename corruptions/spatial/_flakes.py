"""Flakes of snow: maps of them from random numbers, and a scene that they brighten."""

import cv2
import numpy as np
from numpy.typing import NDArray

UNIT = 4096  # of the map of normal numbers
VALUES = np.arange(256.0)
PARTS = 64  # of a level, in which light is added up

Places = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]
"""Per output row or column: the two that it lies between, and the share of the second in 256ths."""


def flakes(
    noise: NDArray[np.int32], rows: Places, columns: Places, threshold: float
) -> NDArray[np.uint8]:
    """Enlarge a map, cut off what is below the threshold and limit it to 255."""
    tall = np.asarray(cv2.transpose(_enlarged(noise, rows) >> 8), np.int32)
    wide = _enlarged(tall, columns)
    wide *= wide >= threshold * UNIT * 256
    wide >>= 8
    wide *= 255
    wide >>= 12
    small = np.clip(wide, 0, 255, out=wide).astype(np.uint8)
    return np.asarray(cv2.transpose(small), np.uint8).reshape(len(rows[0]), -1)


def _enlarged(values: NDArray[np.int32], places: Places) -> NDArray[np.int32]:
    """Interpolate between rows; the result is 256 times as large."""
    first, second, share = places
    rows = values[first]
    rows *= 256 - share[:, None]
    rows += values[second] * share[:, None]
    return rows


class Scene:
    """Frames brightened by snow, in 64ths of a level.

    b x + (1 - b) max(x, h) is the larger one of x and b x + (1 - b) h.
    """

    def __init__(self, kept: float) -> None:
        self.scene = _table(kept * VALUES)
        self.light = _table((1 - kept) * (1.5 * VALUES + 127.5))

    def under(
        self,
        layers: tuple[NDArray[np.uint8], NDArray[np.uint8]],
        frame: NDArray[np.uint8],
        out: NDArray[np.uint8],
    ) -> None:
        """Write the frame below two maps of flakes to `out`."""
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        total = np.asarray(cv2.LUT(frame, self.scene), np.uint16)
        light = np.asarray(cv2.LUT(grey, self.light), np.uint16)
        total += np.asarray(cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), np.uint16)
        np.maximum(total, np.multiply(frame, np.uint16(PARTS), dtype=np.uint16), out=total)
        both = np.add(*layers, dtype=np.uint16)
        both *= np.uint16(PARTS)
        total += np.asarray(cv2.cvtColor(both, cv2.COLOR_GRAY2RGB), np.uint16)
        cv2.convertScaleAbs(total, out, alpha=1 / PARTS)


def _table(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Return values as whole 64ths, for `cv2.LUT`."""
    return np.floor(PARTS * values + 0.5).astype(np.uint16).reshape(1, -1)
