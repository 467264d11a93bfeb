"""Static rotation: the camera is held at an angle.

Every frame is turned about its centre by the same angle, counter-clockwise:

    y(p) = x(m + R (p - m)),    m the centre, R the turn back by a degrees

Corners that the frame does not reach are black. Bilinear (the study takes the nearest pixel).

Level: a, angle in degrees, counter-clockwise, any number.

Nothing is random.
"""

import numpy as np

from corruptions.spatial._rotate import rotated
from corruptions.types import Clip, Context

SOURCE = (
    "Schiappa et al., A Large-Scale Robustness Analysis of Video Action Recognition Models "
    "(CVPR 2023), static rotation; table after public code of the same authors"
)
LEVELS = (7.5, 15.0, 30.0, 45.0, 90.0)  # degrees


def rotation_static(clip: Clip, degrees: float, context: Context) -> Clip:
    """Turn every frame by `degrees`."""
    wanted = context.wanted(len(clip))
    turned = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(turned, wanted, strict=True):
        rotated(clip[number], degrees, out)
    return turned
