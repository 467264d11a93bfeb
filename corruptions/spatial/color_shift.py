"""Colour shift: a wrong white balance, every channel has its own gain.

    y_k = min(1, g_k x_k),    g_k uniform in [1 - s, 1 + s],    k = red, green, blue

Level: s, largest error of a channel's gain, in [0, 1].

Random: the three gains, per clip. (The study draws them per frame, at s = 1.)
"""

import numpy as np

from corruptions.spatial._layers import looked_up
from corruptions.spatial._rounding import to_uint8
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), colour "
    "shift; table and one draw per clip are ours"
)
LEVELS = (0.1, 0.2, 0.3, 0.45, 0.6)  # s


def color_shift(clip: Clip, spread: float, context: Context) -> Clip:
    """Multiply every channel by a random gain of up to `spread` from 1."""
    if not 0 <= spread <= 1:
        raise ValueError(f"level {spread} (largest error of a gain) must be in 0..1.")
    gains = 1 + spread * (2 * random_uniforms(context.random.clip(), 3) - 1)
    return looked_up(clip, to_uint8(np.arange(256.0)[:, None] * gains), context)
