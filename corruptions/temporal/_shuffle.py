"""Random orders, drawn from raw words so that they stay the same for ever."""

import numpy as np
from numpy.typing import NDArray


def shuffled(bits: np.random.Philox, count: int) -> NDArray[np.intp]:
    """A random order of 0..count-1: that of `count` random words."""
    return np.argsort(bits.random_raw(count), kind="stable").astype(np.intp)
