"""Frame shuffle: some frames arrive in a wrong order, the others in theirs.

    y_i = x_o(i),    o a random order of round(s T) frames,    o(i) = i for the others

`jumble` shuffles all frames, within segments.

Level: s, share of the frames whose places are shuffled, in [0, 1].

Random: which frames, and their order, per clip.
"""

import numpy as np

from corruptions.temporal._chosen import chosen
from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), frame "
    "replacement; table ours"
)
LEVELS = (0.1, 0.2, 0.35, 0.5, 0.75)  # s


def frame_shuffle(clip: Clip, share: float, context: Context) -> Clip:
    """Shuffle the places of `share` of the frames."""
    bits = context.random.clip()
    moved = chosen(bits, len(clip), share)
    order = np.arange(len(clip))
    order[moved] = moved[np.argsort(bits.random_raw(len(moved)), kind="stable")]
    return clip[order[context.wanted(len(clip))]]
