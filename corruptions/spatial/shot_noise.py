"""Shot noise: photons arrive at random, so dark scenes look grainy.

    y = min(1, Poisson(c x) / c)

with x in [0, 1] a value of one pixel and channel, and c the number of photons that make white.

Level: c, photons of a white value, in (0, 100000].

Random: every value of every frame, independently.

Dialects: `ours` rounds 255 y to the nearest whole number, `original` cuts it.

A pixel takes 12 random bits as the quantile of its own Poisson distribution, read from a table of
256 values x 4096 quantiles (1 MiB, which stays in a core's cache). So probabilities are whole
multiples of 1/4096: the distance (total variation) from the true distribution is below 0.4 % for
every value of the five severities.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST, to_uint8
from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "Yi et al., Benchmarking the Robustness of Spatial-Temporal Models Against Corruptions "
    "(NeurIPS Datasets and Benchmarks 2021), shot noise; after Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = (60, 25, 12, 5, 3)  # c: photons of a white value

QUANTILE_BITS = 12
MOST_PHOTONS = 100_000  # from here on the noise of white is below one level


def shot_noise(clip: Clip, photons: float, context: Context) -> Clip:
    """Add Poisson noise of `photons` photons at white."""
    return _look_up(clip, _quantiles(float(photons), NEAREST), context)


def shot_noise_original(clip: Clip, photons: float, context: Context) -> Clip:
    """Add Poisson noise of `photons` photons at white, cut instead of rounded."""
    return _look_up(clip, _quantiles(float(photons), CUT), context)


def _look_up(clip: Clip, table: NDArray[np.uint8], context: Context) -> Clip:
    wanted = context.wanted(len(clip))
    noisy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    index = np.empty(clip[0].size, np.intp)
    for out, number in zip(noisy, wanted, strict=True):
        draws = random_bytes(context.random.frame(int(number)), 2 * index.size).view("<u2")
        index[:] = clip[number].ravel()
        index <<= QUANTILE_BITS
        draws >>= np.uint16(16 - QUANTILE_BITS)
        index |= draws
        table.take(index, out=out.reshape(-1), mode="wrap")
    return noisy


@lru_cache(maxsize=16)
def _quantiles(photons: float, offset: float) -> NDArray[np.uint8]:
    """Return quantile (j + 1/2) / 4096 of the corrupted value v at [4096 v + j]."""
    if not 0 < photons <= MOST_PHOTONS:
        raise ValueError(f"level {photons} (photons at white) must be in (0, {MOST_PHOTONS}].")
    steps = 1 << QUANTILE_BITS
    chances = (np.arange(steps) + 0.5) / steps
    counts = np.zeros((256, steps))
    for value in range(1, 256):
        first, cumulated = _cumulated(value * photons / 255)
        counts[value] = first + np.searchsorted(cumulated, chances * cumulated[-1], side="right")
    table = to_uint8(255 * counts / photons, offset).ravel()
    table.setflags(write=False)
    return table


def _cumulated(mean: float) -> tuple[int, NDArray[np.float64]]:
    """Return the first count, and the running sum from there of the undivided Poisson weights.

    Weights are products from the most frequent count outwards: only operations that IEEE 754
    fixes to the last bit, no exponential function, whose last bit differs between machines.
    """
    mode = int(mean)
    reach = int(12 * mean**0.5) + 30
    down = np.cumprod(np.arange(mode, max(0, mode - reach), -1) / mean)
    up = np.cumprod(mean / np.arange(mode + 1, mode + reach + 1))
    return mode - len(down), np.cumsum(np.concatenate([down[::-1], [1.0], up]))
