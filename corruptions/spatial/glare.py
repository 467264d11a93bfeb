"""Glare: the sun or a lamp shines into the lens and veils the picture around it.

    y = min(1, x + a / (1 + (r / s)^2))

with r the distance from the light, whose place is in the upper two thirds of the frame, and s a
fifth of the frame's longer side.

Level: a, light at the source, where white is 1, in [0, 10].

Random: the place of the light, per clip: it does not move.
"""

import numpy as np

from corruptions.spatial._layers import brightened
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "After ROVA, robust video reasoning under real-world disturbances (He et al., 2026), lighting; "
    "formula and table ours"
)
LEVELS = (0.3, 0.6, 1.0, 1.5, 2.2)  # a

MOST_LIGHT = 10.0
SPREAD = 5  # longer sides per radius of half the light
HIGHEST = 2 / 3  # of the frame, from the top


def glare(clip: Clip, light: float, context: Context) -> Clip:
    """Add a light of strength `light` and its veil."""
    if not 0 <= light <= MOST_LIGHT:
        raise ValueError(f"level {light} (light at the source) must be in 0..{MOST_LIGHT:g}.")
    height, width = clip.shape[1:3]
    across, down = random_uniforms(context.random.clip(), 2)
    x = np.arange(width) - across * width
    y = (np.arange(height) - down * HIGHEST * height)[:, None]
    spread = max(height, width) / SPREAD
    return brightened(clip, 255 * light / (1 + (x * x + y * y) / (spread * spread)), context)
