"""Times of frames in manifests: for clips of variable frame rate, in ticks of a whole rate."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from ..errors import StageError
from .rows import CellRow, ClipRow

MAX_TICKS_PER_SECOND = 10_000_000
"""Above it (time stamps of strange denominators) times are rounded to FALLBACK."""

FALLBACK = 90_000
"""Ticks per second of MPEG."""


def tick_columns(times: Sequence[Fraction] | None) -> CellRow:
    """Return the columns for times in seconds, one per frame and the end; none if None."""
    if times is None:
        return {}
    rate = math.lcm(*(time.denominator for time in times))
    rate = FALLBACK if rate > MAX_TICKS_PER_SECOND else rate
    ticks = [round((time - times[0]) * rate) for time in times]
    if any(before >= after for before, after in pairwise(ticks)):
        return {}
    return {"ticks_per_second": rate, "frame_ticks": ticks}


def times_of(row: ClipRow | CellRow) -> tuple[Fraction, ...] | None:
    """Return the times of a row in seconds, one per frame and the end; None if evenly spaced.

    Raises
    ------
    StageError
        If the row does not have one time per frame, in ascending order.

    """
    ticks, rate = row.get("frame_ticks"), row.get("ticks_per_second")
    if ticks is None or rate is None:
        return None
    if rate < 1 or len(ticks) < 2 or any(before >= after for before, after in pairwise(ticks)):
        raise StageError(
            f"clip {row['key']}: the manifest has impossible times of frames; run the stage that "
            "writes it again."
        )
    return tuple(Fraction(tick - ticks[0], rate) for tick in ticks)
