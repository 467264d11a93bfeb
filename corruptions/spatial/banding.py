"""Banding: too few bits per channel, soft gradients break into steps.

    y = round(x (2^b - 1)) / (2^b - 1)

Level: b, bits per channel, whole, in 1..8.

Nothing is random.
"""

import numpy as np

from corruptions.spatial._layers import looked_up
from corruptions.spatial._rounding import to_uint8
from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), colour "
    "quantisation (there 3 bits); table ours"
)
LEVELS = (5, 4, 3, 2, 1)  # b: bits


def banding(clip: Clip, bits: int, context: Context) -> Clip:
    """Quantise every channel to `bits` bits."""
    if not (1 <= bits <= 8 and bits == int(bits)):
        raise ValueError(f"level {bits} (bits per channel) must be a whole number in 1..8.")
    steps = 2 ** int(bits) - 1
    values = np.arange(256) * 2 * steps + 255  # all whole: the nearest step, halves upwards
    return looked_up(clip, to_uint8(values // 510 * (255 / steps)), context)
