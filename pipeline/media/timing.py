"""Frame rate and clock of a video, from the time stamps of its frames.

Headers often state a rate that the frames do not have: a timer's tick, the rate of fields, the
inverse of one odd duration. A stated rate is used where the time stamps agree with it; elsewhere
the rate is that of the time stamps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

USUAL_RATES = (
    *(Fraction(rate) for rate in (25, 30, 24, 50, 60, 15, 12, 10, 20, 5, 8, 6, 48, 100, 120, 240)),
    *(Fraction(1000 * rate, 1001) for rate in (30, 24, 60, 15, 120, 12, 48, 240)),
)
"""Frame rates of cameras and encoders, tried before any other."""

MAX_RATE = 1000
"""Highest frame rate that is accepted, frames per second."""

MAX_PLAUSIBLE_RATE = 240
"""Highest rate that is believed when the codec itself states a lower one."""

DEFAULT_RATE = Fraction(25)
"""Rate of videos with neither time stamps nor a stated rate."""

ROUNDING = 1e-9
"""Seconds of error of the arithmetic."""

TOLERANCE = Fraction(1, 1000)
"""Deviation of a time stamp that is taken for rounding, in seconds: the tick of Matroska."""


LACKING = Fraction(1, 5)
"""Share of the frames of a constant rate that a video may lack before its rate is an average."""


@dataclass(frozen=True)
class Clock:
    """When the frames of a video are shown."""

    fps: Fraction
    """Frames per second: of a constant rate, or the average of a variable one. A video that only
    lacks some frames of a constant rate keeps that rate."""
    times: tuple[Fraction, ...] | None
    """When each frame is shown and when the last one ends, in seconds from the first frame; one
    more than there are frames. None if the rate is constant."""


def measure(
    ticks: Sequence[int],
    time_base: Fraction,
    durations: Sequence[int],
    stated: Iterable[Fraction | None],
) -> Clock:
    """Return the clock of a video.

    Parameters
    ----------
    ticks
        Time stamps of the frames in ascending order, in units of `time_base`; empty if there are
        none.
    time_base
        Seconds per tick.
    durations
        Stated duration of each frame, in ticks; 0 if it is not stated.
    stated
        Rates of the headers, the most trusted first.

    """
    rates = [
        Fraction(rate).limit_denominator(100_000)
        for rate in stated
        if rate and 0 < rate <= MAX_RATE
    ]
    rates += [rate / 2 for rate in rates]  # of fields
    if len(ticks) < 2 or ticks[-1] == ticks[0]:
        return Clock(rates[0] if rates else DEFAULT_RATE, None)
    last = (ticks[-1] - ticks[0]) * time_base
    count, slack = len(ticks) - 1, max(2 * time_base, TOLERANCE)
    simple = _simplest(count / (last + slack), count / max(last - slack, slack))
    near = [rate for rate in (*rates, *USUAL_RATES, simple) if abs(rate * last / count - 1) < 0.25]
    seconds = (np.asarray(ticks, np.float64) - ticks[0]) * float(time_base)
    errors = {rate: _deviation(seconds, rate) for rate in near}
    fitting = [rate for rate in near if errors[rate] <= min(slack, 1 / (4 * rate)) + ROUNDING]
    if fitting:
        believed = next((rate for rate in fitting if rate in rates), None)
        return Clock(believed or min(fitting, key=lambda rate: errors[rate]), None)
    gaps = [after - before for before, after in pairwise(ticks)]
    typical = median(gaps) * time_base
    end = last + _last_duration(gaps, durations) * time_base
    fps, clock = len(ticks) / end, None
    if min(gaps) > 0:
        clock = (*((tick - ticks[0]) * time_base for tick in ticks), end)
    for rate in rates:
        lacks_some = abs(rate * typical - 1) < LACKING and abs(fps / rate - 1) < LACKING
        if lacks_some or abs(len(ticks) / rate - end) <= 1 / (2 * rate):
            return Clock(rate, clock)
    return Clock(fps.limit_denominator(100_000), clock)


def plausible(clock: Clock, codec_rate: Fraction | None) -> Clock:
    """Return the clock, or that of the codec's rate if the container's cannot be true.

    An AVI header states the tick that also places the frames, so that its time stamps cannot
    contradict it.
    """
    if clock.fps > MAX_PLAUSIBLE_RATE and codec_rate and 0 < codec_rate <= MAX_PLAUSIBLE_RATE:
        return Clock(Fraction(codec_rate).limit_denominator(100_000), None)
    return clock


def _deviation(seconds: NDArray[np.float64], rate: Fraction) -> float:
    """Return how far a time stamp is from that of a constant rate, at most, in seconds."""
    return float(np.abs(seconds - np.arange(len(seconds)) / float(rate)).max())


def _last_duration(gaps: Sequence[int], durations: Sequence[int]) -> Fraction:
    """Return for how many ticks the last frame is shown: as stated if the others are true."""
    typical = Fraction(median(gaps))
    if len(durations) == len(gaps) + 1 and durations[-1] > 0:
        errors = [abs(one - gap) for one, gap in zip(durations, gaps, strict=False)]
        if median(errors) <= typical / 4:
            return Fraction(durations[-1])
    return max(typical, Fraction(1))


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of the smallest denominator in [low, high]."""
    whole = -(-low.numerator // low.denominator)
    if whole <= high:
        return Fraction(whole)
    floor = low.numerator // low.denominator
    return floor + 1 / _simplest(1 / (high - floor), 1 / (low - floor))
