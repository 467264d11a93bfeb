"""Line dropout: rows of the sensor or of the signal are missing.

    y = 0 in k = max(1, floor(c H)) rows,    else x

The rows are in n runs, n from 1 to 10; lengths and places of the runs are random.

Level: c, share of the rows that are missing, in (0, 1].

Random: number, lengths and places of the runs, new in every frame.
"""

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Yi et al., Benchmarking the Robustness of Optical Flow Estimation to Corruptions (2024), "
    "public code, line dropout (its benchmark does not use it)"
)
LEVELS = (0.05, 0.1, 0.15, 0.2, 0.25)  # c

MOST_RUNS = 10


def line_dropout(clip: Clip, share: float, context: Context) -> Clip:
    """Black out `share` of the rows of every frame."""
    if not 0 < share <= 1:
        raise ValueError(f"level {share} (share of the rows) must be in (0, 1].")
    wanted = context.wanted(len(clip))
    dropped = clip[wanted]
    for place, number in enumerate(wanted):
        dropped[place][_missing(clip.shape[1], share, context.random.frame(int(number)))] = 0
    return dropped


def _missing(rows: int, share: float, bits: np.random.Philox) -> NDArray[np.intp]:
    """Return the rows of all runs."""
    missing = max(1, int(rows * share))
    draws = random_uniforms(bits, 1 + 2 * MOST_RUNS)
    runs = 1 + int(draws[0] * min(MOST_RUNS, missing))
    # Both the missing and the remaining rows are cut at random: a run follows every gap.
    cuts = np.sort((draws[1:runs] * (missing + 1)).astype(int))
    lengths = np.diff(cuts, prepend=0, append=missing)
    gaps = np.diff(
        np.sort((draws[1 + MOST_RUNS :][:runs] * (rows - missing + 1)).astype(int)), prepend=0
    )
    starts = np.cumsum(gaps) + np.cumsum(lengths) - lengths
    parts = [np.arange(first, first + n) for first, n in zip(starts, lengths, strict=True)]
    return np.concatenate(parts)
