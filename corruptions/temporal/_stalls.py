"""Moments at which a player stalls: how often, and for how long.

A share s of the clip's time is spent in n = max(1, round(s T / (d fps))) stalls of equal length,
about d seconds each, at random moments and never before the first frame is shown.
"""

import math

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Context, random_uniforms

SOURCE = "Ours, after measurements of adaptive streaming: a player stops until data arrive again"
LEVELS = (  # (s: share of the time, d: seconds of a stall)
    (0.1, 0.4),
    (0.2, 0.6),
    (0.3, 0.8),
    (0.4, 1.0),
    (0.5, 1.5),
)


def stalled(frames: int, level: tuple[float, float], context: Context) -> NDArray[np.bool_]:
    """Return, per frame, whether the player repeats the one before it."""
    share, seconds = level
    if not (0 <= share < 1 and 0 < seconds < math.inf):
        raise ValueError(f"{level = }: share of the time in [0, 1), seconds of a stall above 0.")
    total = min(frames - 1, int(share * frames + 0.5))
    waits = np.zeros(frames, bool)
    if total < 1:
        return waits
    count = max(1, min(total, int(total / (seconds * float(context.fps)) + 0.5)))
    moving = frames - total  # frames that are shown on time, of which the first is one
    draws = random_uniforms(context.random.clip(), count)
    before = np.sort(1 + (draws * moving).astype(np.intp))  # such frames before each stall
    lengths = np.diff(np.arange(count + 1) * total // count)
    starts = before + np.cumsum(lengths) - lengths
    for start, length in zip(starts, lengths, strict=True):
        waits[start : start + length] = True
    return waits
