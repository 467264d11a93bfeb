"""Over-exposure: sun or a flash blinds the camera for a moment.

    y = min(255, x + 100) in the frames that are touched (`_localized`), else x

Level: s, share of the clip's frames that are touched, in (0, 1].

Nothing is random.
"""

import cv2
import numpy as np

from corruptions.temporal import _localized
from corruptions.types import Clip, Context

SOURCE = _localized.SOURCE
LEVELS = _localized.LEVELS

ADDED = np.uint8(100)


def over_exposure(clip: Clip, share: float, context: Context) -> Clip:
    """Over-expose a run of `share` of the frames in the middle of the clip."""
    touched = _localized.touched(len(clip), share)
    wanted = context.wanted(len(clip))
    bright = clip[wanted]
    for place, number in enumerate(wanted):
        if number in touched:
            cv2.add(bright[place], np.full_like(bright[place], ADDED), bright[place])
    return bright
