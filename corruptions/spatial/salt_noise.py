"""Salt noise: hot pixels, glaring in the channel they belong to.

    y = 255 with probability p, else x

Level: p, share of the values that turn white, in [0, 1].

Random: every value of every frame. A value takes 16 random bits, so p is a multiple of 1/65536.
"""

import numpy as np

from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), salt noise; "
    "table after public code (10 % x severity)"
)
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)  # p


def salt_noise(clip: Clip, chance: float, context: Context) -> Clip:
    """Make values full with probability `chance`."""
    if not 0 <= chance <= 1:
        raise ValueError(f"level {chance} (share of the values) must be in 0..1.")
    wanted = context.wanted(len(clip))
    noisy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(noisy, wanted, strict=True):
        draws = random_bytes(context.random.frame(int(number)), 2 * out.size).view("<u2")
        hot = draws.reshape(out.shape) < round(65536 * chance)
        np.multiply(hot, np.uint8(255), out=out)
        out |= clip[number]
    return noisy
