"""Aspect stretch: a wrong aspect ratio, everything is too wide or too tall.

    y(p) = x(m + S (p - m)),    m the centre, S shrinks one direction to 1 / s

The central 1 / s of the frame's width or height is enlarged to its whole size, bilinearly in whole
numbers (OpenCV's exact one). (The study shrinks a direction and enlarges it again, which keeps the
shapes and loses detail.)

Level: s, stretch, 1 or more.

Random: the direction, per clip.
"""

import math

import cv2
import numpy as np

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "After NoisyVideo, 36 kinds of noise for video language models (public code, 2025), "
    "stretch and squish; formula and table ours"
)
LEVELS = (1.15, 1.3, 1.5, 1.75, 2.0)  # s


def aspect_stretch(clip: Clip, stretch: float, context: Context) -> Clip:
    """Stretch every frame `stretch` times in one direction and keep its middle."""
    if not 1 <= stretch < math.inf:
        raise ValueError(f"level {stretch} (stretch) must be 1 or more.")
    height, width = clip.shape[1:3]
    sides = [height, width]
    axis = int(random_uniforms(context.random.clip(), 1)[0] * 2)
    sides[axis] = math.ceil(sides[axis] / stretch)
    rows, columns = sides
    top, left = (height - rows) // 2, (width - columns) // 2
    wanted = context.wanted(len(clip))
    stretched = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(stretched, wanted, strict=True):
        middle = clip[number][top : top + rows, left : left + columns]
        cv2.resize(middle, (width, height), out, interpolation=cv2.INTER_LINEAR_EXACT)
    return stretched
