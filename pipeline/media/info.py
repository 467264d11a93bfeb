"""Properties of a source's video stream: size, codec, clock, number of frames, bit rates."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av.container
import av.video

from ..errors import ClipError
from .cropping import container_crop
from .packets import PacketWalk, may_have_fields
from .segment import Segment
from .timing import MAX_RATE, Clock, measure, plausible
from .truncation import declared_size


@dataclass(frozen=True)
class SourceInfo:
    """Properties of the chosen video stream, from the container and its packets."""

    container: str
    codec: str
    pix_fmt: str
    width: int
    height: int
    """Size in pixels after the cropping that the container asks for, before rotation."""
    clock: Clock
    """Frame rate and times of the frames."""
    stated_fps: Fraction
    """Frame rate according to the header; 0 if it does not state one."""
    num_frames: int
    """Pictures that are shown: not those that edit lists or the codec hide, and two fields are one
    picture."""
    bit_rate: int
    """Bits per second of the video stream alone: its bytes over its duration."""
    container_bit_rate: int
    """Bits per second of the whole file, audio included."""
    stream_index: int
    sample_aspect_ratio: Fraction
    """Width over height of a pixel; 0 if it is not stated."""
    field_order: int
    """FFmpeg's number of the order of the fields; 1 is progressive, 0 is not known."""
    first_frame: int = 0
    """Position of the first frame in the whole video; `clock` and `num_frames` are of the segment
    that begins there, the bit rates of the whole video."""

    @property
    def fps(self) -> Fraction:
        """Frames per second: of a constant rate, or on average."""
        return self.clock.fps

    @property
    def seconds(self) -> Fraction:
        """Duration of the frames."""
        return self.num_frames / self.clock.fps


def stream_info(
    path: Path,
    container: av.container.InputContainer,
    stream: av.video.stream.VideoStream,
    packets: Iterable[Any],
    decode: Callable[[], list[int | None]],
    segment: Segment | None = None,
) -> SourceInfo:
    """Return the properties of a stream.

    Parameters
    ----------
    path
        The file.
    container, stream
        The file and its video stream, open.
    packets
        All packets of the stream, in coding order.
    decode
        Function that returns the time stamp of every frame; it is called only where the packets do
        not tell how many frames there are.
    segment
        Part of the video that the clip is; None is all of it.

    Raises
    ------
    ClipError
        If the stream has no pictures, the file is truncated, or no frame is in the segment.

    """
    context = stream.codec_context
    time_base = Fraction(stream.time_base or Fraction(1, 1000))
    walk = PacketWalk(context.name, container.format.name, time_base)
    for packet in packets:
        walk.add(packet)
    if walk.num_packets == 0:
        raise ClipError("the video stream has no packets")
    if context.width <= 0 or context.height <= 0:
        raise ClipError("the video stream has no size")
    size = path.stat().st_size
    declared = declared_size(path, container.format.name, stream.index_entries)
    if declared > size:
        raise ClipError(f"truncated: {size} of {declared} bytes")
    ticks, durations = walk.timeline
    num_frames = len(walk.shown)
    if not walk.is_certain or may_have_fields(context.name, context.field_order):
        stamps = decode()
        num_frames, durations = len(stamps), []
        ticks = [] if None in stamps else sorted(cast(list[int], stamps))
    if num_frames == 0:
        raise ClipError("the video stream shows no picture")
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    clock = plausible(measure(ticks, time_base, durations, rates), stream.guessed_rate)
    if not 0 < clock.fps <= MAX_RATE:
        raise ClipError(f"frame rate of {float(clock.fps):g} frames per second")
    shown = range(num_frames)
    per_second = clock.fps / num_frames
    if segment is not None:
        shown = segment.frames(ticks, time_base, clock, num_frames)
        if clock.times is not None:
            part = slice(shown.start, shown.stop)
            clock = measure(ticks[part], time_base, durations[part], (clock.fps, *rates))
    crop = container_crop(path, container.format.name, stream.index, context.width, context.height)
    ratio = stream.sample_aspect_ratio
    width, height = crop.size(context.width, context.height, context.pix_fmt)
    return SourceInfo(
        container=container.format.name,
        codec=context.name,
        pix_fmt=context.pix_fmt or "unknown",
        width=width,
        height=height,
        clock=clock,
        stated_fps=Fraction(next((rate for rate in rates if rate), 0)),
        num_frames=len(shown),
        bit_rate=max(1, round(walk.num_bytes * 8 * per_second)),
        container_bit_rate=max(1, round(size * 8 * per_second)),
        stream_index=stream.index,
        sample_aspect_ratio=Fraction(ratio or 0),
        field_order=context.field_order,
        first_frame=shown.start,
    )
