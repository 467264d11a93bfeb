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
    times = [(tick - ticks[0]) * time_base for tick in ticks]
    if len(times) < 2 or len(set(times)) < len(times):
        return Clock(rates[0] if rates else DEFAULT_RATE, None)
    gaps = [after - before for before, after in pairwise(times)]
    rough = len(gaps) / times[-1]
    slack = max(2 * time_base, TOLERANCE)
    simple = _simplest(len(gaps) / (times[-1] + slack), len(gaps) / max(times[-1] - slack, slack))
    near = [
        rate for rate in (*rates, *USUAL_RATES, simple) if abs(rate / rough - 1) < Fraction(1, 4)
    ]
    errors = {rate: _deviation(times, rate) for rate in near}
    fitting = [rate for rate in near if errors[rate] <= min(slack, 1 / (4 * rate))]
    if fitting:
        believed = next((rate for rate in fitting if rate in rates), None)
        return Clock(believed or min(fitting, key=lambda rate: errors[rate]), None)
    end = times[-1] + _last_duration(gaps, [one * time_base for one in durations])
    fps, clock = len(times) / end, (*times, end)
    for rate in rates:
        if abs(rate * median(gaps) - 1) < LACKING and abs(fps / rate - 1) < LACKING:
            return Clock(rate, clock)
        if abs(len(times) / rate - len(times) / fps) <= 1 / (2 * rate):
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


def _deviation(times: Sequence[Fraction], rate: Fraction) -> Fraction:
    """Return how far a time stamp is from that of a constant rate, at most, in seconds."""
    return max(abs(time - index / rate) for index, time in enumerate(times))


def _last_duration(gaps: Sequence[Fraction], durations: Sequence[Fraction]) -> Fraction:
    """Return how long the last frame is shown: its stated duration if the others' are true."""
    typical = median(gaps)
    if len(durations) == len(gaps) + 1 and durations[-1] > 0:
        errors = [abs(one - gap) for one, gap in zip(durations, gaps, strict=False)]
        if median(errors) <= typical / 4:
            return durations[-1]
    return Fraction(typical)


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return the fraction of the smallest denominator in [low, high]."""
    whole = -(-low.numerator // low.denominator)
    if whole <= high:
        return Fraction(whole)
    floor = low.numerator // low.denominator
    return floor + 1 / _simplest(1 / (high - floor), 1 / (low - floor))
