"""Times of the frames that a model is shown, for models whose input has a clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ViewTimes:
    """When the frames of one view are shown."""

    seconds: tuple[float, ...]
    """Time of each frame since the start of the clip."""
    step: float
    """Mean time between neighbouring frames, in seconds; the frame rate of the view is 1 / step."""
