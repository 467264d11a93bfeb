"""Random permutations from raw generator output, stable across numpy versions."""

import numpy as np
from numpy.typing import NDArray


def shuffled(bits: np.random.Philox, count: int) -> NDArray[np.intp]:
    """Return a random permutation of 0..count-1: the order of `count` random words."""
    return np.argsort(bits.random_raw(count), kind="stable").astype(np.intp)
