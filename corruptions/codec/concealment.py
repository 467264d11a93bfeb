"""Decoding of damaged streams with error concealment, restored to the number of frames sent."""

import heapq
from collections.abc import Iterator, Sequence

import av
import av.video

from corruptions.codec.coding import Coded, open_decoder
from corruptions.types import (
    UndecodableError,
)

REORDER_DEPTH = 16
"""Largest reordering of a damaged stream in pictures: the decoded picture buffer of H.264."""


class ConcealedStream(Iterator[av.VideoFrame]):
    """Pictures of a damaged stream: as many as were sent, in order, all of one format.

    `units` takes the place of the sound stream's units. The decoder conceals what it can. Where it
    gives no picture, or one of another size or format, the last good one is repeated (before the
    first good one, that one). Raises UndecodableError if there is none at all.
    """

    def __init__(self, coded: Coded, units: Sequence[bytes]) -> None:
        self.num_frames = coded.num_frames
        self.repeated = 0
        """Frames so far that repeat another one."""
        self._frames = self._restore(coded, units)

    def __next__(self) -> av.VideoFrame:
        return next(self._frames)

    def _restore(self, coded: Coded, units: Sequence[bytes]) -> Iterator[av.VideoFrame]:
        last = None
        shown = 0
        for position, frame in _in_order(_pictures(coded, units)):
            if position < shown:
                continue  # a second picture of one unit, or one that comes too late
            self.repeated += position - shown
            for _ in range(shown, position):
                yield frame if last is None else last
            yield frame
            last, shown = frame, position + 1
        if last is None:
            raise UndecodableError(f"no picture of {len(units)} coded ones could be decoded")
        self.repeated += self.num_frames - shown
        for _ in range(shown, self.num_frames):
            yield last


def _pictures(coded: Coded, units: Sequence[bytes]) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield position and picture of what the decoder returns for damaged units, in its order."""
    width, height, pix_fmt, colorspace, color_range = coded.look
    # Damaged headers may declare any size: little more than the true one (decoders pad their
    # pictures) is refused before it takes memory.
    pixels = (width + 256) * (height + 256)
    decoder = open_decoder(
        coded.codec,
        {
            "ec": "guess_mvs+deblock",
            "flags": "+output_corrupt",
            "flags2": "+showall",
            "max_pixels": str(pixels),
        },
    )
    if coded.extradata:
        decoder.extradata = coded.extradata
    for position, unit in [*zip(coded.positions, units, strict=True), (-1, None)]:
        packet = None
        if unit is not None:
            if not unit:
                continue  # an empty packet would end the stream
            packet = av.Packet(unit)
            packet.pts = position if position >= 0 else None
        try:
            frames = decoder.decode(packet)
        except MemoryError:
            raise  # the machine's error: a picture concealed for it would be wrong
        except av.FFmpegError:
            continue  # not even a part of this unit makes sense
        for frame in frames:
            if (
                frame.pts is not None
                and 0 <= frame.pts < coded.num_frames
                and (frame.width, frame.height, frame.format.name) == (width, height, pix_fmt)
            ):
                frame.colorspace, frame.color_range = colorspace, color_range
                yield frame.pts, frame


def _in_order(
    pictures: Iterator[tuple[int, av.VideoFrame]],
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Sort by position, holding few pictures at a time."""
    heap: list[tuple[int, int, av.VideoFrame]] = []
    for count, (position, frame) in enumerate(pictures):
        heapq.heappush(heap, (position, count, frame))
        if len(heap) > REORDER_DEPTH:
            position, _, frame = heapq.heappop(heap)
            yield position, frame
    while heap:
        position, _, frame = heapq.heappop(heap)
        yield position, frame
