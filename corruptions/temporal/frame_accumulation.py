"""Frame accumulation: a shutter that stays open while several frames pass.

    y_i = mean of x_j,    max(0, i - c) <= j <= min(T - 1, i + c)

the mean of 2 c + 1 frames around each, fewer at the ends of the clip. This is the optical-flow
study's object motion blur, at the frame rate of the clip (the study has 240 frames per second).
`motion_blur` is the video benchmark's, over an even number of frames.

Level: c, frames on each side, whole, in 1..127.

Nothing is random.
"""

import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "Yi et al., Benchmarking the Robustness of Optical Flow Estimation to Corruptions (2024), "
    "object motion blur"
)
LEVELS = (3, 6, 9, 12, 15)  # c: frames on each side

MOST_SIDE = 127  # 255 frames of 255: the largest sum that 16 bits hold


def frame_accumulation(clip: Clip, side: int, context: Context) -> Clip:
    """Average every frame, `side` frames before it and `side` after it."""
    if side != int(side) or not 1 <= side <= MOST_SIDE:
        raise ValueError(f"level {side} (frames on each side) must be whole, in 1..{MOST_SIDE}.")
    wanted = context.wanted(len(clip))
    blurred = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    total = np.zeros(clip.shape[1:], np.uint16)
    first = last = 0  # total is the sum of the frames first <= j < last
    for place in np.argsort(wanted, kind="stable"):
        start = max(0, int(wanted[place]) - int(side))
        stop = min(len(clip), int(wanted[place]) + int(side) + 1)
        if start >= last:  # nothing in common with the window before
            total[...] = 0
            first = last = start
        for frame in clip[last:stop]:
            total += frame
        for frame in clip[first:start]:
            total -= frame
        first, last = start, stop
        count = np.uint16(stop - start)
        blurred[place] = (total + count // np.uint16(2)) // count
    return blurred
