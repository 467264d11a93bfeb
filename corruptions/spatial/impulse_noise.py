"""Impulse noise: bits flipped between sensor and memory, black or glaring values.

    y = 0 with probability a/2, 255 with probability a/2, else x

Level: a, share of the values that are replaced, in [0, 1].

Random: every value of every frame. A value takes 16 random bits, so a/2 is a multiple of 1/65536.
"""

import numpy as np

from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), impulse noise; "
    "table of Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = (0.03, 0.06, 0.09, 0.17, 0.27)  # a


def impulse_noise(clip: Clip, amount: float, context: Context) -> Clip:
    """Replace the share `amount` of the values by 0 or 255."""
    if not 0 <= amount <= 1:
        raise ValueError(f"level {amount} (share of the values) must be in 0..1.")
    half = round(32768 * amount)
    wanted = context.wanted(len(clip))
    noisy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(noisy, wanted, strict=True):
        draws = random_bytes(context.random.frame(int(number)), 2 * out.size).view("<u2")
        draws = draws.reshape(out.shape)
        np.multiply(clip[number], draws >= half, out=out)
        out |= (draws >= 65536 - half) * np.uint8(255)
    return noisy
