"""Temporal jitter: some frames arrive in a wrong order and others not at all.

    y_i = x_o(i),    but 0 in round(v T) frames,    v = (1 - u) s, u uniform in [0, 1)

with o a random order of round(u s T) frames and o(i) = i for the others.

Level: s, share of the frames that are lost or moved, in [0, 1].

Random: u, which frames are moved, their order and which are lost, per clip.
"""

import numpy as np

from corruptions.temporal._chosen import chosen
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), temporal "
    "jitter; table ours"
)
LEVELS = (0.1, 0.2, 0.35, 0.5, 0.75)  # s


def temporal_jitter(clip: Clip, share: float, context: Context) -> Clip:
    """Shuffle a random part of `share` of the frames and black out the rest."""
    if not 0 <= share <= 1:
        raise ValueError(f"level {share} (share of the frames) must be in 0..1.")
    bits = context.random.clip()
    part = float(random_uniforms(bits, 1)[0])
    moved = chosen(bits, len(clip), part * share)
    order = np.arange(len(clip))
    order[moved] = moved[np.argsort(bits.random_raw(len(moved)), kind="stable")]
    lost = set(chosen(bits, len(clip), (1 - part) * share).tolist())
    wanted = context.wanted(len(clip))
    jittered = clip[order[wanted]]
    jittered[[place for place, number in enumerate(wanted) if int(number) in lost]] = 0
    return jittered
