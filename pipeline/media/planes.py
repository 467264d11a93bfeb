"""Decoded frames of a source as planes of 8-bit YUV 4:2:0, the input of the encoders."""

import time
from collections.abc import Iterator
from itertools import chain
from typing import TypeVar

import av

from corruptions.codec.frames import (
    CONVERSION,
    I420,
    crop,
    format_of,
    i420,
    planar,
    repeated_to_minimum,
)
from corruptions.types import Stream

from ..errors import TransientClipError
from .source import VideoSource

Item = TypeVar("Item")


class SourcePlanes(Iterator[I420]):
    """Decoded frames of a source in the format of the encoders, and their common properties."""

    def __init__(self, video: VideoSource, timeout_seconds: float) -> None:
        info = video.info  # walks the packets, so before the first frame is read
        frames = within(timeout_seconds, video.frames())
        first = next(frames)
        self.rotation = first.rotation
        self.size = (max(2, first.width // 2 * 2), max(2, first.height // 2 * 2))
        self.look = format_of(planar(first))
        self.num_frames = 0
        self.stream = Stream(
            width=repeated_to_minimum(self.size[0]),
            height=repeated_to_minimum(self.size[1]),
            fps=info.fps,
            num_frames=info.num_packets,
            bit_rate=info.bit_rate,
            container_bit_rate=info.container_bit_rate,
        )
        self._shape = (first.width, first.height)
        self._frames = chain([first], frames)

    def __next__(self) -> I420:
        frame = next(self._frames)
        self.num_frames += 1
        if (frame.width, frame.height) != self._shape:  # the source changes its size midway
            width, height = self._shape
            frame = frame.reformat(width, height, interpolation=CONVERSION, threads=1)
        return i420(planar(frame), self.stream.width, self.stream.height)

    def shown(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a decoded frame with the size and the colour tags of the source."""
        frame = crop(frame, *self.size)
        frame.colorspace, frame.color_range = self.look.colorspace, self.look.color_range
        return frame


def within(seconds: float, items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items; raise TransientClipError when the time is up."""
    end = time.monotonic() + seconds
    for item in items:
        if time.monotonic() > end:
            raise TransientClipError(f"not decoded and encoded within {seconds:g} s")
        yield item
