"""Linear motion blur: the camera moves along a straight line while the shutter is open.

The image benchmarks' motion blur, by ImageMagick's kernel: with g_i the values of
exp(-i^2 / (2 sigma^2)) for 0 <= i <= 2 radius, divided by their sum,

    y(p) = sum of g_i x(p + o_i),    o_i = i pixels along the angle, to the nearest pixel

with an angle from -45 to 45 degrees, and pixels outside the frame equal to those of its edge.
`motion_blur_magick` is the library itself; this one is computed in whole numbers (weights of
1/65536), needs no library and is the same on every machine.

Level: radius, of the kernel in pixels, whole, in 0..200; sigma, of its weights in pixels, above 0.

Random: the angle, per frame.
"""

import numpy as np

from corruptions.spatial._streak import streaked, taps
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), motion blur"
)
LEVELS = ((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0))  # (radius, sigma) in pixels

MOST_DEGREES = 45.0


def linear_motion_blur(clip: Clip, level: tuple[int, float], context: Context) -> Clip:
    """Blur every frame along a random angle."""
    radius, sigma = level
    wanted = context.wanted(len(clip))
    moved = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(moved, wanted, strict=True):
        draw = random_uniforms(context.random.frame(int(number)), 1)[0]
        out[...] = streaked(clip[number], taps(radius, sigma, MOST_DEGREES * (2 * draw - 1)))
    return moved
