"""Reflection: a pane in front of the camera mirrors what is behind it.

    y = (1 - a) x + a r

with r the frame itself, mirrored left to right, blurred by a bell curve of 2 % of its shorter side:
a scene that is behind the camera, with the light and the motion of a real one, out of focus. (The
study brightens light parts and adds a smooth map.)

Level: a, share of the light that is mirrored, in [0, 1].

Nothing is random.
"""

import cv2
import numpy as np

from corruptions.spatial._bell import MOST_SIGMA, bell, blurred
from corruptions.types import Clip, Context

SOURCE = (
    "After NoisyVideo, 36 kinds of noise for video language models (public code, 2025), "
    "reflection; formula and table ours"
)
LEVELS = (0.15, 0.25, 0.35, 0.45, 0.55)  # a

SOFTNESS = 0.02  # of the shorter side


def reflection(clip: Clip, share: float, context: Context) -> Clip:
    """Blend every frame with its own soft mirror image, of which `share` is seen."""
    if not 0 <= share <= 1:
        raise ValueError(f"level {share} (share of the light that is mirrored) must be in 0..1.")
    weights = bell(min(MOST_SIGMA, max(0.5, SOFTNESS * min(clip.shape[1:3]))))
    mirrored = round(256 * share)
    wanted = context.wanted(len(clip))
    glazed = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    soft = np.empty(clip.shape[1:], np.uint8)
    work, other = np.empty((2, *clip.shape[1:]), np.uint16)
    for out, number in zip(glazed, wanted, strict=True):
        blurred(cv2.flip(clip[number], 1), weights, soft)
        np.multiply(clip[number], np.uint16(256 - mirrored), out=work)
        np.multiply(soft, np.uint16(mirrored), out=other)
        work += other
        work += np.uint16(128)
        work >>= np.uint16(8)
        out[...] = work
    return glazed
