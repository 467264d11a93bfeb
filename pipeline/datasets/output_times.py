"""Frame rate and frame times of corrupted clips, of which some frames are selected."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..storage.frame_times import tick_columns, times_of
from ..storage.rows import CellRow


def with_rate(row: CellRow, fps: Fraction, num_output: int, selected: NDArray[np.intp]) -> CellRow:
    """Return the row with the rate at which the selected frames last as long as all of them.

    Frames of a variable rate keep their times.
    """
    rate = fps * len(selected) / num_output
    row = {**row, "fps_num": rate.numerator, "fps_den": rate.denominator}
    times = times_of(row)
    if times is not None:
        row |= tick_columns([*(times[index] for index in selected.tolist()), times[-1]])
    return row


def without_times(row: CellRow) -> CellRow:
    """Return the row of frames that are evenly spaced."""
    row = {**row}
    row.pop("ticks_per_second", None)
    row.pop("frame_ticks", None)
    return row
