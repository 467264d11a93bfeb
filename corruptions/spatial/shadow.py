"""Shadow: something outside the picture keeps the light off a part of the scene.

    y = x (1 - d m)

with m an ellipse whose centre is in the middle half of the frame and whose half-axes are a quarter
to a half of its sides, at any angle, 1 inside and 0 outside, its edge softened by a bell curve.

Level: d, share of the light that is kept off, in [0, 1].

Random: the ellipse, per clip: the shadow does not move.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._layers import darkened
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), shadow; "
    "table and one shadow per clip are ours"
)
LEVELS = (0.3, 0.45, 0.6, 0.75, 0.9)  # d

SOFTNESS = 28  # sides per standard deviation of the edge


def shadow(clip: Clip, depth: float, context: Context) -> Clip:
    """Keep `depth` of the light off a random ellipse."""
    if not 0 <= depth <= 1:
        raise ValueError(f"level {depth} (share of the light that is kept off) must be in 0..1.")
    mask = _ellipse(clip.shape[1], clip.shape[2], context.random.clip())
    return darkened(clip, 1 - depth * (mask / 255), context)


def _ellipse(height: int, width: int, bits: np.random.Philox) -> NDArray[np.uint8]:
    """Return where the shadow is, 0..255."""
    x, y, a, b, turn = random_uniforms(bits, 5)
    centre = (int(width * (0.25 + 0.5 * x)), int(height * (0.25 + 0.5 * y)))
    axes = (max(1, int(width * (0.25 + 0.25 * a))), max(1, int(height * (0.25 + 0.25 * b))))
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, centre, axes, int(180 * turn), 0, 360, color=255, thickness=-1)
    sigma = max(0.5, min(height, width) / SOFTNESS)
    side = 2 * int(3 * sigma + 0.5) + 1
    soft = cv2.GaussianBlur(mask, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.uint8).reshape(height, width)
