"""Brightness: over-exposure lifts every value, colours keep hue and saturation.

    HSV: V' = min(1, V + c)

In RGB this scales a pixel's channels by V' / V, V being the largest of them; black, which has no
hue, becomes grey.

Level: c, what is added to V, in [-1, 1].

Nothing is random.

Dialects: `ours` rounds to the nearest whole number, `original` cuts.
"""

import numpy as np

from corruptions.spatial._rounding import CUT, NEAREST
from corruptions.spatial._value import revalued, table
from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, brightness; after Hendrycks, Dietterich"
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)  # c: added to V in [0, 1]


def brightness(clip: Clip, added: float, context: Context) -> Clip:
    """Add `added` to the V of HSV."""
    return _lift(clip, float(added), context, NEAREST)


def brightness_original(clip: Clip, added: float, context: Context) -> Clip:
    """Add `added` to the V of HSV, cut instead of rounded."""
    return _lift(clip, float(added), context, CUT)


def _lift(clip: Clip, added: float, context: Context, offset: float) -> Clip:
    if not -1 <= added <= 1:
        raise ValueError(f"level {added} (added to V in [0, 1]) must be in -1..1.")
    lifted = np.clip(np.arange(256.0) + 255 * added, 0, 255)
    return revalued(clip, table(lifted, offset), context)
