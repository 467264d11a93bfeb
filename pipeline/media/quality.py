"""Quality of frames against a reference: squared error and PSNR."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def squared_error(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Return the sum of squared differences, exact: OpenCV adds integers frame by frame."""
    if made.ndim == 3:
        return float(cv2.norm(made, reference, cv2.NORM_L2SQR))
    return sum(squared_error(one, other) for one, other in zip(made, reference, strict=True))


def psnr(error: float, count: int) -> float | None:
    """Return the peak signal-to-noise ratio in dB of `count` values; None if they are equal."""
    return None if error == 0 else 10 * math.log10(255.0**2 * count / error)
