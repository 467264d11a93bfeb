"""Frame repeat: frames that are lost are replaced by the nearest one that is there.

    y_i = x_j,    j the frame nearest to i of the max(1, round((1 - s) T)) that are kept

and the earlier one of two that are equally near.

Level: s, share of the frames that are lost, in [0, 1].

Random: which frames, per clip.
"""

import numpy as np

from corruptions.temporal._chosen import chosen
from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), frame "
    "repeat; table ours"
)
LEVELS = (0.3, 0.5, 0.7, 0.8, 0.9)  # s


def frame_repeat(clip: Clip, share: float, context: Context) -> Clip:
    """Replace `share` of the frames by their nearest neighbours."""
    if not 0 <= share <= 1:
        raise ValueError(f"level {share} (share of the frames) must be in 0..1.")
    frames = len(clip)
    kept = chosen(context.random.clip(), frames, max(1 / frames, 1 - share))
    here = np.arange(frames)
    after = np.minimum(np.searchsorted(kept, here), len(kept) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(here - kept[before]) <= np.abs(kept[after] - here)
    shown = np.where(nearer, kept[before], kept[after])
    return clip[shown[context.wanted(frames)]]
