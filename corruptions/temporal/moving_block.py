"""Moving block: something black passes in front of the lens and is carried back and forth.

    y_t = 0 in a block of h x w pixels at q_t,    else x_t,    h = H sqrt(a), w = W sqrt(a)

The place q_t goes to and fro between opposite edges, from top to bottom in 2 seconds and from side
to side in 3.2, from a random place and in a random direction.

Level: a, area of the block over that of the frame, in (0, 1].

Random: where the block starts and which way it goes, per clip.
"""

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "In place of NoisyVideo's target block (2025), which follows the objects that a detector finds "
    "and is not reproduced; formula and table ours"
)
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.45)  # a

SECONDS = (2.0, 3.2)  # across the frame: down, to the side


def moving_block(clip: Clip, area: float, context: Context) -> Clip:
    """Move a black block of `area` of the frame through the clip."""
    if not 0 < area <= 1:
        raise ValueError(f"level {area} (area of the block over the frame's) must be in (0, 1].")
    height, width = clip.shape[1:3]
    rows, columns = (max(1, int(side * area**0.5 + 0.5)) for side in (height, width))
    wanted = context.wanted(len(clip))
    blocked = clip[wanted]
    starts = random_uniforms(context.random.clip(), 2)
    places = [
        _to_and_fro(wanted / float(context.fps) / seconds + 2 * start)
        for seconds, start in zip(SECONDS, starts, strict=True)
    ]
    tops = np.floor(places[0] * (height - rows) + 0.5).astype(int)
    lefts = np.floor(places[1] * (width - columns) + 0.5).astype(int)
    for frame, top, left in zip(blocked, tops, lefts, strict=True):
        frame[top : top + rows, left : left + columns] = 0
    return blocked


def _to_and_fro(ways: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place, 0 to 1, after so many ways across: back again on every second one."""
    phase = ways % 2
    return np.minimum(phase, 2 - phase)
