"""Stall: a live stream stops while no data arrive, and then jumps to the present.

    output i = the last frame before the stall in frames that stall, else input i

Level: s, share of the time that is spent in stalls, in [0, 1); d, seconds of a stall, above 0.

Random: the moments of the stalls, per clip. There are max(1, round(s T / (d fps))) of equal length,
never before the first frame is shown; stalls that meet are one.
"""

import numpy as np

from corruptions.temporal import _stalls
from corruptions.types import Clip, Context

SOURCE = _stalls.SOURCE
LEVELS = _stalls.LEVELS


def stall(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Stall for `level[0]` of the time, about `level[1]` seconds at once, and skip what passed."""
    waits = _stalls.stalled(len(clip), level, context)
    shown = np.maximum.accumulate(np.where(waits, 0, np.arange(len(clip))))
    return clip[shown[context.wanted(len(clip))]]
