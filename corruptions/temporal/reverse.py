"""Reverse: the clip is played backwards, sampled as in `sampling`.

    output i = input r floor((T - 1 - i) / r)

The number of frames stays.

Level: r, one frame in how many is shown, 1 or more.

Nothing is random.
"""

from corruptions.types import Clip, Context

SOURCE = "Schiappa et al., CVPR 2023, reverse sampling; table after public code of the same authors"
LEVELS = (2, 4, 8, 16, 32)  # r: every r-th frame is kept


def reverse(clip: Clip, rate: int, context: Context) -> Clip:
    """Show every `rate`-th frame `rate` times, last first."""
    if rate < 1:
        raise ValueError(f"level {rate} (one frame in how many) must be 1 or more.")
    backwards = len(clip) - 1 - context.wanted(len(clip))
    return clip[backwards // int(rate) * int(rate)]
