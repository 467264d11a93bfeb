"""Dynamic rotation: the camera rolls in an unsteady hand.

Every frame is turned about its centre by an angle t of its own, a whole number of degrees from -a
to a:

    y(p) = x(m + R (p - m)),    m the centre, R the turn back by t degrees

Corners that the frame does not reach are black. Bilinear (the study takes the nearest pixel).

Level: a, largest angle in degrees, whole, 0 or more.

Random: the angle, per frame.
"""

import numpy as np

from corruptions.spatial._rotate import rotated
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Schiappa et al., CVPR 2023, random rotation; table after public code for its data sets "
    "(6 x severity + 1)"
)
LEVELS = (7, 13, 19, 25, 31)  # a: degrees


def rotation_dynamic(clip: Clip, most: int, context: Context) -> Clip:
    """Turn every frame by a random angle of up to `most` degrees either way."""
    wanted = context.wanted(len(clip))
    turned = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(turned, wanted, strict=True):
        draw = random_uniforms(context.random.frame(int(number)), 1)[0]
        rotated(clip[number], int(draw * (2 * most + 1)) - most, out)
    return turned
