"""One number per channel, added to the interleaved values of a frame."""

from collections.abc import Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray


class ChannelShift:
    """Work space for frames of one size, allocated once and reused."""

    def __init__(self, height: int, width: int) -> None:
        rows = gcd(height, 8)  # NumPy adds a few long lines faster than many short ones
        self.block = np.empty((rows, width, 3), np.uint16)

    def add_to(self, values: NDArray[np.uint16], shifts: Sequence[float]) -> None:
        """Add the whole part of each channel's shift to `values` (H, 3 W), modulo 65536."""
        self.block[0] = shifts
        self.block[1:] = self.block[0]
        lines = values.reshape(-1, self.block.size)
        lines += self.block.reshape(-1)
