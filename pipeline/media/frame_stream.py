"""Long videos as clips: a corruption indexes all frames while few of them are in memory.

The frames that each run of output frames reads are known before the video is decoded: a corruption
chooses them by their numbers, not by their pixels. `plan_frames` calls it with a clip of black
pictures that records what is read; `stream_frames` holds every source frame from when it is decoded
to when it is read last.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from corruptions.registry import Corruption
from corruptions.types import Clip

from ..errors import ClipError
from .frame_window import FrameWindow, Picture, brightest_of

Corrupt = Callable[[Clip, NDArray[np.intp]], Clip]
"""Function from a clip and the indices of output frames to these frames."""

CHUNK_BYTES = 64 << 20
"""Bytes of the output frames that are computed together, so that what a corruption prepares per
clip is prepared per chunk, not per frame."""

PROBE_WIDTH = 64
"""Width of the black pictures; their height is that of the video, of which rows are read."""


class _Probe(dict[int, Picture]):
    """Frames that are all black, and the numbers of those that were read."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture
        self.read: set[int] = set()

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: int) -> Picture:
        self.read.add(key)
        return self._picture


@dataclass(frozen=True)
class FramePlan:
    """Source frames that are read for each chunk of output frames."""

    shape: tuple[int, int, int, int]
    """Frames, height, width and channels of the source."""
    num_output: int
    chunk: int
    """Output frames that are computed together."""
    reads: tuple[NDArray[np.intp], ...]
    """Per chunk, the source frames that it reads, ascending."""

    @cached_property
    def last_read(self) -> NDArray[np.intp]:
        """Number of the last chunk that reads each source frame; -1 if none does."""
        last = np.full(self.shape[0], -1, np.intp)
        for number, read in enumerate(self.reads):
            last[read] = number
        return last

    @cached_property
    def held(self) -> int:
        """Most source frames that are in memory at once."""
        last, decoded, held, most = self.last_read, 0, 0, 0
        for number, read in enumerate(self.reads):
            stop = max(decoded, 1 + int(read.max(initial=-1)))
            held += int((last[decoded:stop] >= number).sum())
            most, decoded = max(most, held), stop
            held -= int((last[read] == number).sum())
        return most

    @property
    def memory_bytes(self) -> int:
        """Bytes of the frames in memory: those that are held, and a chunk before and after."""
        frame = int(np.prod(self.shape[1:]))
        return (self.held + 2 * min(self.chunk, self.num_output)) * frame


def plan_frames(
    corruption: Corruption,
    corrupt: Corrupt,
    shape: tuple[int, int, int, int],
    num_output: int,
) -> FramePlan:
    """Return which source frames a corruption reads.

    Parameters
    ----------
    corruption
        A corruption of pixels.
    corrupt
        The corruption at its level and with its random numbers.
    shape
        Frames, height, width and channels of the source.
    num_output
        Number of output frames.

    """
    chunk = max(1, CHUNK_BYTES // int(np.prod(shape[1:])))
    chunks = [
        np.arange(start, min(num_output, start + chunk)) for start in range(0, num_output, chunk)
    ]
    small = (*shape[:2], min(shape[2], PROBE_WIDTH), 3)
    if corruption.family == "spatial" and corruption.dialect == "ours":  # frame by frame
        last = np.arange(num_output)[-1:]
        always = np.setdiff1d(_reads(corrupt, small, last), last)  # for its size
        return FramePlan(shape, num_output, chunk, tuple(np.union1d(one, always) for one in chunks))
    reads = tuple(_reads(corrupt, small, wanted) for wanted in chunks)
    return FramePlan(shape, num_output, chunk, reads)


def _reads(
    corrupt: Corrupt, shape: tuple[int, int, int, int], wanted: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the source frames that are read for some output frames, ascending."""
    probe = _Probe(np.zeros(shape[1:], np.uint8))
    corrupt(cast(Clip, FrameWindow(shape, probe)), wanted)
    return np.array(sorted(probe.read), np.intp)


def stream_frames(
    plan: FramePlan,
    pictures: Iterator[Picture],
    corrupt: Corrupt,
    again: Callable[[], Iterable[Picture]],
) -> Iterator[Picture]:
    """Yield the output frames in order; they are valid until the next one is requested.

    Parameters
    ----------
    plan
        What the corruption reads.
    pictures
        Frames of the source.
    corrupt
        The corruption.
    again
        Function that returns the frames of the source once more, for a corruption that depends on
        the largest value of all of them.

    Yields
    ------
    NDArray
        Output frames, (H, W, 3), uint8 RGB.

    Raises
    ------
    ClipError
        If the source has another number of frames than the plan.

    """
    expected = plan.shape[0]
    window = FrameWindow(plan.shape, brightest=cache(lambda: brightest_of(again())))
    decoded = 0
    for number, read in enumerate(plan.reads):
        while decoded <= read.max(initial=-1):
            picture = next(pictures, None)
            if picture is None:
                raise ClipError(f"decoded {decoded} frames, expected {expected}")
            if plan.last_read[decoded] >= number:
                window.add(decoded, picture)
            decoded += 1
        start = number * plan.chunk
        wanted = np.arange(start, min(plan.num_output, start + plan.chunk))
        yield from corrupt(cast(Clip, window), wanted)
        window.drop(read[plan.last_read[read] == number].tolist())
    decoded += sum(1 for _ in pictures)
    if decoded != expected:
        raise ClipError(f"decoded {decoded} frames, expected {expected}")
