"""Stall and catch up: a player stops while no data arrive, and then plays faster until it is back.

    output i = input j_i,    j_i = j_(i-1) in frames that stall, else min(i, j_(i-1) + 2)

so that after a stall it plays at twice the speed, every other frame, until it is in time again.

Level: s, share of the time that is spent in stalls, in [0, 1); d, seconds of a stall, above 0.

Random: the moments of the stalls, per clip. There are max(1, round(s T / (d fps))) of equal length,
never before the first frame is shown; stalls that meet are one.
"""

import numpy as np

from corruptions.temporal import _stalls
from corruptions.types import Clip, Context

SOURCE = _stalls.SOURCE
LEVELS = _stalls.LEVELS

SPEED = 2  # frames of the clip per frame, while it catches up


def stall_catch_up(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Stall for `level[0]` of the time, about `level[1]` seconds at once, and hurry after."""
    shown = np.zeros(len(clip), np.intp)
    for i, waits in enumerate(_stalls.stalled(len(clip), level, context)):
        before = int(shown[i - 1]) if i else 0
        shown[i] = before if waits else min(i, before + SPEED)
    return clip[shown[context.wanted(len(clip))]]
