"""Gaussian blur: a soft lens, or a small frame made larger.

    y(p) = sum of g(q) x(p + q),    g a bell curve of deviation sigma in both directions

Weights are rounded to multiples of 1/256 in each direction, so that results are the same on every
machine; pixels outside the frame are equal to those of its edge.

Level: sigma, standard deviation in pixels, in (0, 100].

Nothing is random.
"""

import numpy as np

from corruptions.spatial._bell import bell, blurred
from corruptions.types import Clip, Context

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), Gaussian blur"
)
LEVELS = (1.0, 2.0, 3.0, 4.0, 6.0)  # sigma in pixels


def gaussian_blur(clip: Clip, sigma: float, context: Context) -> Clip:
    """Blur with a bell curve of standard deviation `sigma`."""
    weights = bell(sigma)
    wanted = context.wanted(len(clip))
    soft = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(soft, wanted, strict=True):
        blurred(clip[number], weights, out)
    return soft
