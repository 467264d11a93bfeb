"""Jumble: frames arrive out of order within short stretches of the clip.

    output i = input o(i),    floor(o(i) / n) = floor(i / n)

The clip is cut into segments of n frames (the last may be shorter); the frames of each are put
into a random order o.

Level: n, frames in a segment, 1 or more.

Random: the orders, per clip.

The published table goes from long segments to short ones, so that its severity 1 displaces frames
farthest; it is kept as published.
"""

import numpy as np

from corruptions.temporal._shuffle import shuffled
from corruptions.types import Clip, Context

SOURCE = (
    "Schiappa et al., CVPR 2023, jumbling; table after public code of the same authors "
    "(64 / 2^severity)"
)
LEVELS = (32, 16, 8, 4, 2)  # n: frames in a segment


def jumble(clip: Clip, length: int, context: Context) -> Clip:
    """Shuffle the frames inside segments of `length`."""
    if length < 1:
        raise ValueError(f"level {length} (frames in a segment) must be 1 or more.")
    order = shuffled(context.random.clip(), len(clip))
    order = order[np.argsort(order // length, kind="stable")]  # segments back into their places
    return clip[order[context.wanted(len(clip))]]
