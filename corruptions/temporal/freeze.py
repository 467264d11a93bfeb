"""Freeze: a stream stalls and the last frame stays on the screen.

    output 0 = input 0;   output i = output i - 1 with probability p, else input i

Level: p, chance that a frame stalls, in [0, 1].

Random: which frames stall, per clip. The study draws it once for each video as well.
"""

import numpy as np

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Schiappa et al., A Large-Scale Robustness Analysis of Video Action Recognition Models "
    "(CVPR 2023), freezing; table after public code for its data sets (0.12 x severity)"
)
LEVELS = (0.12, 0.24, 0.36, 0.48, 0.6)  # p: chance that a frame stalls


def freeze(clip: Clip, chance: float, context: Context) -> Clip:
    """Repeat the frame before with probability `chance`."""
    if not 0 <= chance <= 1:
        raise ValueError(f"level {chance} (chance that a frame stalls) must be in 0..1.")
    moves = random_uniforms(context.random.clip(), len(clip)) >= chance
    moves[0] = True
    shown = np.maximum.accumulate(np.where(moves, np.arange(len(clip)), 0))
    return clip[shown[context.wanted(len(clip))]]
