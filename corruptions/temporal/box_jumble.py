"""Box jumble: stretches of the clip arrive out of order, each whole.

    output = S_o(0), S_o(1), ...,    S_j = inputs j n to (j + 1) n - 1

The clip is cut into segments of n frames (the last may be shorter), which are put into a random
order o; inside a segment time runs as it did.

Level: n, frames in a segment, 1 or more.

Random: the order, per clip.
"""

import numpy as np

from corruptions.temporal._shuffle import shuffled
from corruptions.types import Clip, Context

SOURCE = (
    "Schiappa et al., CVPR 2023, box jumbling; table after public code of the same authors "
    "((severity + 1)^2)"
)
LEVELS = (4, 9, 16, 25, 36)  # n: frames in a segment


def box_jumble(clip: Clip, length: int, context: Context) -> Clip:
    """Shuffle segments of `length` frames."""
    if length < 1:
        raise ValueError(f"level {length} (frames in a segment) must be 1 or more.")
    length = int(length)
    segments = shuffled(context.random.clip(), -(-len(clip) // length))
    order = np.add.outer(segments * length, np.arange(length)).ravel()
    order = order[order < len(clip)]
    jumbled: Clip = clip[order[context.wanted(len(clip))]]
    return jumbled
