"""Gaussian noise: a sensor in the dark.

    y = min(1, max(0, x + sigma z)),   z standard normal

Level: sigma, standard deviation where white is 1, in [0, 20].

Random: z, for every value of every frame. A value takes 16 random bits as its quantile.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), Gaussian noise; "
    "table of Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = (0.08, 0.12, 0.18, 0.26, 0.38)  # sigma


def gaussian_noise(clip: Clip, sigma: float, context: Context) -> Clip:
    """Add normal noise of standard deviation `sigma` of the range."""
    table = _quantiles(float(sigma))
    wanted = context.wanted(len(clip))
    noisy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    noise = np.empty(clip.shape[1:], np.int16)
    for out, number in zip(noisy, wanted, strict=True):
        draws = random_bytes(context.random.frame(int(number)), 2 * noise.size).view("<u2")
        cv2.LUT(draws.reshape(noise.shape), table, noise)
        noise += clip[number]
        np.clip(noise, 0, 255, out=noise)
        out[...] = noise
    return noisy


@lru_cache(maxsize=16)
def _quantiles(sigma: float) -> NDArray[np.int16]:
    """Return 255 sigma z at quantile (j + 1/2) / 65536, to the nearest whole number."""
    if not 0 <= sigma <= 20:
        raise ValueError(f"level {sigma} (standard deviation, 1 is the range) must be in 0..20.")
    upper = ndtri((np.arange(32768, 65536) + 0.5) / 65536)
    both = np.concatenate([-upper[::-1], upper])
    return np.rint(255 * sigma * both).astype(np.int16).reshape(1, -1)
