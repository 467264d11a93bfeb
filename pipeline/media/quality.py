"""Quality of frames against a reference: squared error, PSNR and SSIM."""

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


def ssim(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Return the structural similarity of the grey values of two frames, 1 if they are equal.

    As Wang et al. (IEEE TIP 2004): a bell-shaped window of 11 x 11 pixels with deviation 1.5
    (smaller in smaller frames), K1 = 0.01, K2 = 0.03, averaged over the pixels whose window is in
    the frame.

    Parameters
    ----------
    made, reference
        Frames (H, W, 3), uint8, RGB.

    """
    x, y = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in (made, reference))
    side = min(11, *(size - (1 - size % 2) for size in x.shape))
    edge = side // 2

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        blurred = cv2.GaussianBlur(values, (side, side), 1.5)
        return np.asarray(blurred[edge : len(values) - edge, edge : values.shape[1] - edge])

    mean_x, mean_y = mean(x), mean(y)
    var_x, var_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    both = mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    result = top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return float(result.mean(dtype=np.float64))
