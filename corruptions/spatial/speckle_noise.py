"""Speckle noise: grain in proportion to the light, as in radar, ultrasound and laser images.

    y = min(1, max(0, x + x sigma z)),   z standard normal

Level: sigma, standard deviation of the noise as a share of the value, in [0, 20].

Random: z, for every value of every frame. A value takes 16 random bits as its quantile.
"""

import numpy as np

from corruptions.spatial._normal import normals
from corruptions.types import Clip, Context

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), speckle noise"
)
LEVELS = (0.15, 0.2, 0.35, 0.45, 0.6)  # sigma

PARTS = 12  # z sigma is a multiple of 2^-12


def speckle_noise(clip: Clip, sigma: float, context: Context) -> Clip:
    """Multiply every value by a normal number of mean 1 and standard deviation `sigma`."""
    if not 0 <= sigma <= 20:
        raise ValueError(f"level {sigma} (standard deviation over value) must be in 0..20.")
    wanted = context.wanted(len(clip))
    noisy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(noisy, wanted, strict=True):
        values = normals(context.random.frame(int(number)), out.shape, sigma * 2**PARTS)
        values += 1 << PARTS
        values *= clip[number]
        values += 1 << PARTS >> 1
        values >>= PARTS
        np.clip(values, 0, 255, out=values)
        out[...] = values
    return noisy
