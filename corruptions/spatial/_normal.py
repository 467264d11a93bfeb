"""Normal random numbers from 16 random bits each, the same on every machine."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from corruptions.types import random_bytes

MOST_SPREAD = 2.0**28


def normals(bits: np.random.Philox, shape: tuple[int, ...], spread: float) -> NDArray[np.int32]:
    """Return normal numbers of mean 0 and standard deviation `spread`, rounded to whole numbers."""
    count = int(np.prod(shape))
    draws = random_bytes(bits, 2 * count).view("<u2").reshape(shape)
    return np.asarray(cv2.LUT(draws, _quantiles(float(spread))), np.int32).reshape(shape)


@lru_cache(maxsize=16)
def _quantiles(spread: float) -> NDArray[np.int32]:
    """Return quantile (j + 1/2) / 65536 of the distribution at [j], to the nearest whole number."""
    if not 0 <= spread <= MOST_SPREAD:
        raise ValueError(f"spread of normal numbers {spread} must be in 0..{MOST_SPREAD:.0f}.")
    upper = ndtri((np.arange(32768, 65536) + 0.5) / 65536)
    both = np.concatenate([-upper[::-1], upper])
    return np.rint(spread * both).astype(np.int32).reshape(1, -1)
