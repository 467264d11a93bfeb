"""Under-exposure: too little light, as with a shutter that is too fast.

    HSV: V' = V 2^-e

In RGB this scales a pixel's channels by V' / V, V being the largest of them. A stop is a factor of
two (exposure value, EV). The study exposes one frame of a pair like this; here it is every frame.

Level: e, stops less than right, in [0, 8].

Nothing is random.
"""

import numpy as np

from corruptions.spatial._value import revalued, table
from corruptions.types import Clip, Context

SOURCE = (
    "Yi et al., Benchmarking the Robustness of Optical Flow Estimation to Corruptions (2024), "
    "under-exposure"
)
LEVELS = (0.4, 0.8, 1.2, 1.6, 2.0)  # e: stops

MOST_STOPS = 8


def under_exposure(clip: Clip, stops: float, context: Context) -> Clip:
    """Expose by `stops` less."""
    if not 0 <= stops <= MOST_STOPS:
        raise ValueError(f"level {stops} (stops) must be in 0..{MOST_STOPS}.")
    gain = round(2.0**-stops * 2**24) / 2**24  # the last bits differ between machines
    return revalued(clip, table(np.minimum(np.arange(256.0) * gain, 255)), context)
