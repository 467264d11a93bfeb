"""Black frames: a connection or a sensor drops out for a moment.

    y = 0 in the frames that are touched (`_localized`), else x

Level: s, share of the clip's frames that are touched, in (0, 1].

Nothing is random.
"""

from corruptions.temporal import _localized
from corruptions.types import Clip, Context

SOURCE = _localized.SOURCE
LEVELS = _localized.LEVELS


def black_frames(clip: Clip, share: float, context: Context) -> Clip:
    """Black out a run of `share` of the frames in the middle of the clip."""
    touched = _localized.touched(len(clip), share)
    wanted = context.wanted(len(clip))
    dark = clip[wanted]
    for place, number in enumerate(wanted):
        if number in touched:
            dark[place] = 0
    return dark
