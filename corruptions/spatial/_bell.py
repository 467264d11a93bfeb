"""Gaussian blur of 8-bit frames in whole numbers, the same on every machine."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

PARTS = 256
"""Weights are multiples of 1/256: 255 x 256 x 256 is below 2^24, so float32 sums are exact."""

REACH = 4.0  # of the kernel, in standard deviations
MOST_SIGMA = 100.0


def bell(sigma: float) -> NDArray[np.float32]:
    """Return the weights of a bell curve over +-4 sigma, whole numbers that add up to 256."""
    if not 0 < sigma <= MOST_SIGMA:
        raise ValueError(f"sigma = {sigma} (pixels) must be above 0 and at most {MOST_SIGMA:g}.")
    reach = int(REACH * sigma + 0.5)
    exact = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(-reach, reach + 1)]
    total = math.fsum(exact)
    weights = np.array([round(PARTS * value / total) for value in exact])
    weights[reach] += PARTS - weights.sum()
    return weights.astype(np.float32)


def blurred(frame: NDArray[np.uint8], weights: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Blur both ways, the edge repeated outwards, and round to the nearest whole number."""
    sums = cv2.sepFilter2D(frame, cv2.CV_32F, weights, weights, borderType=cv2.BORDER_REPLICATE)
    out[...] = cv2.convertScaleAbs(sums, alpha=1 / PARTS**2).reshape(out.shape)
