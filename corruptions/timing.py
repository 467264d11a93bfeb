"""Corruption of a part of a clip: a window in time, a share of the frames, a severity over time.

Output frame i is frame i of the corrupted clip at severity s_i, or frame i of the clip where s_i is
0. Between two severities the level is interpolated (numbers that are whole in all five levels stay
whole), and below severity 1 the result of severity 1 is blended with the clip:

    y = (1 - s_i) x + s_i y_1,    0 < s_i < 1

The random numbers are those of the severity that is asked for, so that what is drawn per clip, such
as the fog, stays the same while it gets thicker, and a constant severity in all frames gives the
pixels of `corrupt` without a timing.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from corruptions.registry import Corruption
from corruptions.types import Clip, ClipRandom, Context, Level, PixelFunction

Unit = Literal["percent", "seconds"]
Profile = Literal["constant", "ramp", "burst", "sine"]

STEPS = 16
"""Severities over time are multiples of 1/16: frames of one severity are corrupted together."""


@dataclass(frozen=True)
class Timing:
    """Frames that a corruption acts on, and its severity over time."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - read by pydantic where it validates this
    start: float = 0.0
    """Begin of the window, in `unit`, 0 or more."""
    stop: float | None = None
    """End of the window (the frame at this moment is outside it); None is the end of the clip."""
    unit: Unit = "percent"
    """Unit of the window: percent of the clip, or seconds."""
    share: float = 1.0
    """Share of the window's frames that are corrupted, chosen at random per clip, in (0, 1]."""
    profile: Profile = "constant"
    """Severity within the window, up to the severity S that is asked for:

    "constant": S; "ramp": from S / n in the first of n frames to S in the last; "burst": rising to
    S in the middle and falling again, linearly; "sine": S (1 - cos(2 pi t / period)) / 2 at t
    seconds after the begin of the window.
    """
    period: float = 2.0
    """Seconds from one peak of "sine" to the next, above 0."""

    def __post_init__(self) -> None:
        """Raise ValueError for values that are out of range."""
        if self.unit not in get_args(Unit):
            raise ValueError(f"timing: unit = {self.unit!r} must be 'percent' or 'seconds'.")
        if self.profile not in get_args(Profile):
            choices = ", ".join(get_args(Profile))
            raise ValueError(f"timing: profile = {self.profile!r} must be one of {choices}.")
        most = 100.0 if self.unit == "percent" else math.inf
        stop = most if self.stop is None else self.stop
        if not 0 <= self.start < stop <= most:
            raise ValueError(
                f"timing: the window {self.start} to {self.stop} {self.unit} must begin at 0 or "
                "more and end after its begin."
            )
        if not 0 < self.share <= 1:
            raise ValueError(f"timing: share = {self.share} of the frames must be in (0, 1].")
        if not 0 < self.period < math.inf:
            raise ValueError(f"timing: period = {self.period} must be above 0 seconds.")

    def window(self, num_frames: int, fps: float, times: Sequence[Fraction] | None = None) -> range:
        """Return the frames of the window; `times` are those of frames at a variable rate."""
        if times is not None and self.unit == "seconds":
            first = bisect_left(times, self.start, hi=num_frames)
            last = num_frames if self.stop is None else bisect_left(times, self.stop, hi=num_frames)
            return range(first, last)
        scale = num_frames / 100 if self.unit == "percent" else fps
        start = math.ceil(round(self.start * scale, 6))
        stop = num_frames if self.stop is None else math.ceil(round(self.stop * scale, 6))
        return range(min(num_frames, start), min(num_frames, stop))

    def severities(
        self,
        num_frames: int,
        fps: float,
        severity: int,
        random: ClipRandom,
        times: Sequence[Fraction] | None = None,
    ) -> NDArray[np.float64]:
        """Return the severity of every frame, 0 where a frame stays as it is."""
        window = self.window(num_frames, fps, times)
        count = len(window)
        place = np.arange(count)
        shape = np.ones(count)
        if self.profile == "ramp":
            shape = (place + 1) / max(1, count)
        elif self.profile == "burst":
            shape = 1 - np.abs(2 * place + 1 - count) / max(1, count)
        elif self.profile == "sine":
            seconds = [t / fps for t in range(count)]
            if times is not None:
                seconds = [float(times[at] - times[window.start]) for at in window]
            waves = [math.cos(2 * math.pi * t / self.period) for t in seconds]
            shape = (1 - np.array(waves)) / 2
        found = np.zeros(num_frames)
        found[window] = np.floor(STEPS * severity * shape + 0.5) / STEPS
        if self.share < 1:
            bits = replace(random, corruption=f"{random.corruption} timing").clip()
            order = np.argsort(bits.random_raw(count), kind="stable") if count else place
            found[window.start + order[max(1, int(self.share * count + 0.5)) :]] = 0
        return found


def corrupt_over_time(
    corruption: Corruption,
    clip: Clip,
    severity: int,
    table: str,
    context: Context,
    timing: Timing,
) -> Clip:
    """Corrupt the frames that `timing` says, each at its severity up to `severity`.

    `table` is the severity table. Raises ValueError as `check_timed`.
    """
    check_timed(corruption)
    corruption.level(severity, table)  # raises where it is not a severity
    levels = [corruption.level(number, table) for number in range(1, 6)]
    function = cast(PixelFunction, corruption.function)
    severities = timing.severities(
        len(clip), float(context.fps), severity, context.random, context.times
    )
    wanted = context.wanted(len(clip))
    result = clip[wanted]
    for value in np.unique(severities[wanted]):
        if value == 0:
            continue
        (places,) = np.nonzero(severities[wanted] == value)
        level = level_at(levels, max(1.0, float(value)))
        made = function(clip, level, replace(context, frames=wanted[places]))
        result[places] = made if value >= 1 else _blended(result[places], made, float(value))
    return result


def check_timed(corruption: Corruption) -> None:
    """Raise ValueError if a corruption cannot act on a part of a clip.

    That is if it does not act on pixels, changes the number of frames, or is not of dialect "ours".
    """
    if corruption.acts_on != "pixels" or hasattr(corruption.module, "output_frames"):
        raise ValueError(
            f"timing: {corruption.name!r} acts on a whole video; choose a corruption of pixels "
            "that keeps the number of frames, or leave the timing out."
        )
    if corruption.dialect != "ours":
        raise ValueError("timing: dialect 'original' has none; use dialect 'ours'.")


def level_at(levels: Sequence[Level], severity: float) -> Level:
    """Return the level of a severity from 1 to 5 that need not be whole."""
    if not 1 <= severity <= 5:
        raise ValueError(f"{severity = } must be in 1..5.")
    below = min(4, int(severity))
    share = severity - below
    if share in (0.0, 1.0):
        return levels[below - 1 + int(share)]
    if isinstance(levels[0], tuple):
        return tuple(_between(column, below, share) for column in zip(*levels, strict=True))
    return _between(levels, below, share)


def _between(values: Sequence[float], below: int, share: float) -> float:
    """Interpolate one number of a level; what is whole in all five levels stays whole."""
    low, high = values[below - 1], values[below]
    value = float(low + (high - low) * share)
    whole = all(isinstance(number, int) for number in values)
    return math.floor(value + 0.5) if whole else value


def _blended(clean: Clip, made: Clip, share: float) -> Clip:
    """Return (1 - share) clean + share made, rounded; `share` is in sixteenths."""
    parts = np.uint16(share * STEPS)
    total = clean.astype(np.uint16) * (np.uint16(STEPS) - parts) + made * parts
    return ((total + np.uint16(STEPS // 2)) // np.uint16(STEPS)).astype(np.uint8)
