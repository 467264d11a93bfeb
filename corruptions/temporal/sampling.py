"""Sampling: too few frames get through, each shown until the next one comes.

    output i = input r floor(i / r)

The number of frames stays.

Level: r, one frame in how many is shown, 1 or more.

Nothing is random.
"""

from corruptions.types import Clip, Context

SOURCE = "Schiappa et al., CVPR 2023, sampling; table after public code of the same authors"
LEVELS = (2, 4, 8, 16, 32)  # r: every r-th frame is kept


def sampling(clip: Clip, rate: int, context: Context) -> Clip:
    """Show every `rate`-th frame `rate` times."""
    if rate < 1:
        raise ValueError(f"level {rate} (one frame in how many) must be 1 or more.")
    return clip[context.wanted(len(clip)) // int(rate) * int(rate)]
