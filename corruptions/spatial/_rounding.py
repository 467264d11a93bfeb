"""Levels of a picture are whole numbers: how real values become them."""

import numpy as np
from numpy.typing import NDArray

NEAREST = 0.5
"""Offset before cutting: the nearest whole number, halves upwards (dialect `ours`)."""
CUT = 0.0
"""No offset: what comes after the point is dropped (dialect `original`)."""


def to_uint8(values: NDArray[np.float64], offset: float = NEAREST) -> NDArray[np.uint8]:
    """Whole numbers 0..255 from real ones on the same scale: floor(value + offset), limited."""
    return np.clip(np.floor(values + offset), 0, 255).astype(np.uint8)
