"""Decoded frames of a source in the format of the encoders, in parts of one size and format."""

import time
from collections.abc import Iterator
from itertools import chain, groupby
from typing import TypeVar

import av

from corruptions.codec.frames import I420, crop, format_of, i420, planar, repeated_to_minimum
from corruptions.types import Stream

from ..errors import TransientClipError
from .orientation import orientation_of
from .source import VideoSource

Item = TypeVar("Item")


class Planes(Iterator[I420]):
    """Frames of one size and format as I420, and their common properties.

    Encoders take even sides of at least MIN_SIDE pixels: smaller and odd frames repeat their edge,
    which `shown` cuts off again.
    """

    def __init__(self, video: VideoSource, frames: Iterator[av.VideoFrame]) -> None:
        info = video.info
        first = next(frames)
        self.orientation = orientation_of(first)
        self.size = (first.width, first.height)
        self.look = format_of(planar(first))
        self.num_frames = 0
        self.stream = Stream(
            width=repeated_to_minimum(first.width + first.width % 2),
            height=repeated_to_minimum(first.height + first.height % 2),
            fps=info.fps,
            num_frames=info.num_frames,
            bit_rate=info.bit_rate,
            container_bit_rate=info.container_bit_rate,
        )
        self._frames = chain([first], frames)

    def __next__(self) -> I420:
        frame = next(self._frames)
        self.num_frames += 1
        return i420(planar(frame), self.stream.width, self.stream.height)

    def shown(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a decoded frame with the size and the colour tags of the source."""
        frame = crop(frame, *self.size)
        frame.colorspace, frame.color_range = self.look.colorspace, self.look.color_range
        return frame


def parts(video: VideoSource, timeout_seconds: float) -> Iterator[Planes]:
    """Yield the parts of a source, each of one size and format; nearly all sources have one.

    Each part must be read to its end before the next.
    """
    _ = video.info  # walks the packets, so before the first frame is read
    for _, frames in groupby(within(timeout_seconds, video.frames()), format_of):
        yield Planes(video, frames)


def within(seconds: float, items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items; raise TransientClipError when the time is up."""
    end = time.monotonic() + seconds
    for item in items:
        if time.monotonic() > end:
            raise TransientClipError(f"not decoded and encoded within {seconds:g} s")
        yield item
