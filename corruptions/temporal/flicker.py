"""Flicker: lamps on alternating current, or an exposure control that hunts.

    y_t = min(1, x_t max(0, 1 + s z_t)),    z_t standard normal

Level: s, standard deviation of the gain, in [0, 10].

Random: the gain, new in every frame.
"""

import cv2
import numpy as np

from corruptions.spatial._normal import normals
from corruptions.spatial._rounding import to_uint8
from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), flicker; "
    "table ours"
)
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.45)  # s

MOST_SPREAD = 10
PARTS = 65536  # of a gain


def flicker(clip: Clip, spread: float, context: Context) -> Clip:
    """Multiply every frame by a random gain of standard deviation `spread`."""
    if not 0 <= spread <= MOST_SPREAD:
        raise ValueError(f"level {spread} (deviation of the gain) must be in 0..{MOST_SPREAD}.")
    wanted = context.wanted(len(clip))
    flickering = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(flickering, wanted, strict=True):
        draw = int(normals(context.random.frame(int(number)), (1,), spread * PARTS)[0])
        gain = max(0, PARTS + draw) / PARTS
        cv2.LUT(clip[number], to_uint8(np.arange(256.0) * gain).reshape(1, -1), out)
    return flickering
