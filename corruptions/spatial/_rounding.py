"""Rounding of real values to the whole levels of a picture."""

import numpy as np
from numpy.typing import NDArray

NEAREST = 0.5
"""Offset before cutting: the nearest whole number, halves upwards (dialect `ours`)."""
CUT = 0.0
"""No offset: the fraction is dropped (dialect `original`)."""


def to_uint8(values: NDArray[np.float64], offset: float = NEAREST) -> NDArray[np.uint8]:
    """Return floor(value + offset), limited to 0..255."""
    return np.clip(np.floor(values + offset), 0, 255).astype(np.uint8)
