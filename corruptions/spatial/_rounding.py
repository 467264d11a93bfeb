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


MARGIN = 2**-12
"""Distance from a boundary of rounding that arithmetic in single precision cannot cross: it errs by
less than 2**-13 in four operations on values up to 255."""


def far_from_boundary(values: NDArray[np.float64], offset: float = NEAREST) -> bool:
    """Return True if single precision rounds all values as `to_uint8` does, on any CPU.

    The values, or their fractions, must be results of at most four operations within 0..255.
    """
    shifted = values + offset
    return bool(np.abs(shifted - np.rint(shifted)).min() > MARGIN)
