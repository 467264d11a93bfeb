"""Translation: the camera shakes, so that the scene jumps about.

    y(p) = x(p + d),   d = (dx, dy), whole pixels from -a/2 to a/2 each, at side 256

Level: a, range of the shift in pixels of a frame of side 256, in [0, 256].

Random: d, per frame. d scales with the frame's shorter side.

The study cuts its frames of 224 out of 256 at places 0..a from the corner. Here the crop has been
made already: the same range of a pixels lies around its place, and what comes in at the edge is
the frame's mirror image.
"""

import cv2
import numpy as np

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Schiappa et al., CVPR 2023, translation; table after public code for its data sets "
    "(8 x severity pixels); mirrored edge ours"
)
LEVELS = (8, 16, 24, 32, 40)  # a: pixels of a frame of side 256

SIDE = 256


def translation(clip: Clip, span: int, context: Context) -> Clip:
    """Shift every frame at random within `span` pixels."""
    if not 0 <= span <= SIDE:
        raise ValueError(f"level {span} (pixels of a frame of side {SIDE}) must be in 0..{SIDE}.")
    wanted = context.wanted(len(clip))
    height, width = clip.shape[1:3]
    most = int(span * min(height, width) / SIDE / 2 + 0.5)
    shaken = np.empty((len(wanted), height, width, 3), np.uint8)
    for out, number in zip(shaken, wanted, strict=True):
        draws = random_uniforms(context.random.frame(int(number)), 2)
        x, y = (int(draw * (2 * most + 1)) for draw in draws)
        around = cv2.copyMakeBorder(clip[number], *(most,) * 4, cv2.BORDER_REFLECT_101)
        out[...] = around[y : y + height, x : x + width]
    return shaken
