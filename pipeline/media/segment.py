"""Segments of videos: the frames between two times of an uncut file."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..errors import ClipError
from .timing import Clock

SLACK = 1
"""Seconds by which a segment may end after its video: lists often round to whole seconds."""


@dataclass(frozen=True)
class Segment:
    """Part of a video, in seconds from its first frame."""

    start: float | None
    """Time of the first frame or before; None is the first frame of the video."""
    end: float | None
    """Time after the last frame: a frame shown at this time does not belong to the segment. None
    is the end of the video."""

    def frames(
        self, ticks: Sequence[int], time_base: Fraction, clock: Clock, num_frames: int
    ) -> range:
        """Return the positions of the frames that are shown from `start` to before `end`.

        Parameters
        ----------
        ticks
            Time stamps of all frames of the video in ascending order, in units of `time_base`;
            empty if there are none, and frames are then evenly spaced.
        time_base
            Seconds per tick.
        clock
            Clock of the whole video.
        num_frames
            Frames of the whole video.

        Raises
        ------
        ClipError
            If no frame is shown in the segment, or it ends more than SLACK after the video.

        """
        if ticks:
            times = [(tick - ticks[0]) * time_base for tick in ticks]
        else:
            times = [number / clock.fps for number in range(num_frames)]
        seconds = num_frames / clock.fps if clock.times is None else clock.times[-1]
        if self.end is not None and _exact(self.end) > seconds + SLACK:
            raise ClipError(f"segment ends at {self.end:g} s, the video has {float(seconds):.2f} s")
        first = 0 if self.start is None else bisect_left(times, _exact(self.start))
        stop = num_frames if self.end is None else bisect_left(times, _exact(self.end))
        if first >= stop:
            raise ClipError(
                f"no frame in the segment {_shown(self.start)} to {_shown(self.end)}; the video "
                f"has {float(seconds):.2f} s"
            )
        return range(first, stop)


def _exact(seconds: float) -> Fraction:
    """Return the decimal number that was written, such as 1/10 for 0.1."""
    return Fraction(repr(seconds))


def _shown(bound: float | None) -> str:
    return "..." if bound is None else f"{bound:g} s"
