"""Low light: dusk or an unlit room takes a share of white from every value.

    HSV: V' = max(0, V - c)

In RGB this scales a pixel's channels by V' / V, V being the largest of them.

Level: c, what is taken from V, in [0, 1].

Nothing is random.
"""

import numpy as np

from corruptions.spatial._value import revalued, table
from corruptions.types import Clip, Context

SOURCE = (
    "Yi et al., Benchmarking the Robustness of Optical Flow Estimation to Corruptions (2024), low "
    "light"
)
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)  # c: taken from V in [0, 1]


def low_light(clip: Clip, taken: float, context: Context) -> Clip:
    """Subtract `taken` from the V of HSV."""
    if not 0 <= taken <= 1:
        raise ValueError(f"level {taken} (taken from V in [0, 1]) must be in 0..1.")
    return revalued(clip, table(np.maximum(np.arange(256.0) - 255 * taken, 0)), context)
