"""Listed clips: what a line of the annotations says of one clip."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ListedClip:
    """One clip that the annotations list, of a class that is kept."""

    key: str
    """Unique name in [A-Za-z0-9_-]+; a WebDataset key."""
    video_id: str
    """YouTube id, SSV2 number or name of the file, with which the name of the file begins."""
    split: str
    label_id: int
    label_name: str
    source_label_id: int | None
    """Number of the class in the full class list of the dataset."""
    time_start: int | None = None
    time_end: int | None = None
    """Seconds of the uncut video from which the file was cut; parts of its name."""
    file: str | None = None
    """Path of the video below the folder of videos, if the annotations state it."""
    start: float | None = None
    end: float | None = None
    """Part of the file that is the clip, in seconds from its first frame; None is its bound."""


@dataclass(frozen=True)
class Entry:
    """One line of the annotations: its class, and the clip if that class is kept."""

    label: str
    """Name of the class as the annotations write it."""
    make: Callable[[int, str], ListedClip]
    """Return the clip, given index and name of its class in the class list."""
    source_label_id: int | None = None
    """Number of the class in the full class list of the dataset."""
