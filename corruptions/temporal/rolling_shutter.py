"""Rolling shutter: a sensor reads its rows one after the other, so motion shears and wobbles.

    row r of y_i = row r of x_j,    j = max(0, i - d + floor((d + 1) r / H))

The lowest row is of the frame's own time and the highest d frames older; without knowledge of the
motion there is nothing between two frames. (The study also reads columns, and backwards.)

Level: d, frames that pass while a frame is read, whole, in 1..1000.

Nothing is random.
"""

import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), rolling "
    "shutter (there up to 10 frames); table ours"
)
LEVELS = (1, 2, 4, 7, 10)  # d: frames

MOST_DELAY = 1000


def rolling_shutter(clip: Clip, delay: int, context: Context) -> Clip:
    """Read every frame over the time of `delay` frames, from its highest row to its lowest."""
    if delay != int(delay) or not 1 <= delay <= MOST_DELAY:
        raise ValueError(f"level {delay} (frames) must be a whole number in 1..{MOST_DELAY}.")
    height = clip.shape[1]
    wanted = context.wanted(len(clip))
    sheared = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    late = (int(delay) + 1) * np.arange(height) // height - int(delay)
    changes = [0, *(np.flatnonzero(np.diff(late)) + 1).tolist(), height]
    for out, number in zip(sheared, wanted, strict=True):
        for top, bottom in zip(changes, changes[1:], strict=False):
            out[top:bottom] = clip[max(0, int(number) + int(late[top])), top:bottom]
    return sheared
