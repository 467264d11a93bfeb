"""Times of the frames of an output: those of the source, or evenly spaced ones."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from corruptions.registry import Corruption
from corruptions.types import Level

from .info import SourceInfo

MOST = 1_000_000
"""Ticks per second up to which they are chosen so that a new frame rate is exact."""

FINE = 10_000
"""Ticks per second that an output has at least, so that the rounding of times is not seen."""


@dataclass(frozen=True)
class OutputClock:
    """When the frames of an output are shown."""

    fps: Fraction
    """Frames per second, or their average."""
    time_base: Fraction
    """Seconds per tick."""
    ticks: Sequence[int]
    """When each frame is shown and when the last one ends: one more than there are frames."""
    varies: bool = False
    """True if the source has a variable frame rate and its times are kept."""


def output_clock(
    info: SourceInfo,
    start: Fraction,
    time_base: Fraction,
    *,
    corruption: Corruption,
    level: Level,
    num_output: int,
) -> OutputClock:
    """Return when the frames of a corrupted video are shown.

    Frames keep the times of the source frames in their places. Those that a corruption leaves out
    at both ends leave a gap there, so that sound stays with its picture. Where a corruption sets
    the frame rate, frames are evenly spaced from the first one.

    Parameters
    ----------
    info
        Properties of the source.
    start
        When the first frame of the source is shown, in seconds.
    time_base
        Seconds per tick of the source.
    corruption, level, num_output
        Corruption, its level and the number of output frames.

    """
    fps = corruption.output_fps(level, info.fps)
    left_out = (info.num_frames - num_output) // 2 if corruption.keeps_times else 0
    times: Sequence[Fraction] = [(left_out + number) / fps for number in range(num_output + 1)]
    if corruption.keeps_times and info.clock.times is not None:
        times = info.clock.times[left_out : left_out + num_output + 1]
    whole = time_base.denominator
    if not corruption.keeps_times and math.lcm(whole, fps.numerator) <= MOST:
        whole = math.lcm(whole, fps.numerator)
    tick = Fraction(1, whole * max(1, -(-FINE // whole)))
    ticks: list[int] = []
    for time in times:
        place = round((start + time) / tick)
        ticks.append(max(place, ticks[-1] + 1) if ticks else place)
    varies = corruption.keeps_times and info.clock.times is not None
    return OutputClock(fps, tick, ticks, varies)


def constant_clock(fps: Fraction, num_output: int) -> OutputClock:
    """Return the clock of a container that numbers its frames from 0."""
    return OutputClock(fps, 1 / fps, range(num_output + 1))
