"""Writing of a video with new pictures and everything else of its source.

Sound and subtitles are copied packet by packet with their times; size, rotation, pixel aspect and
colour tags stay.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import av
import av.container
import numpy as np
from av.codec.context import ThreadType
from av.sidedata.sidedata import SideData, Type
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from corruptions.codec.frames import CONVERSION

from ..errors import ClipError
from ..messages import one_line
from ..resources import check_machine
from .clocks import OutputClock
from .copied_streams import CopiedPackets, CopiedStreams
from .orientation import Orientation, orientation_of
from .output_format import OutputFormat
from .source import VideoSource

Picture = NDArray[np.uint8]

MATRICES = {
    1: Colorspace.ITU709, 4: Colorspace.FCC, 5: Colorspace.ITU601, 6: Colorspace.SMPTE170M,
    7: Colorspace.SMPTE240M, 9: Colorspace(9),
}  # fmt: skip
"""swscale's matrix for the number of a colour matrix in ITU-T H.273."""

SMALLER_CHROMA = (CONVERSION & ~Interpolation.BILINEAR) | Interpolation.AREA
"""How RGB becomes 4:2:0: as CONVERSION, but by means of areas, which soften chroma least."""

RGB, BT470BG = 0, 5


@dataclass(frozen=True)
class VideoLook:
    """How the pictures of a source are shown, as its first frame says."""

    size: tuple[int, int]
    """Width and height before the rotation."""
    orientation: Orientation
    display_matrix: tuple[int, ...] | None
    pixel_aspect: Fraction
    """Width over height of a pixel; 0 if it is not stated."""
    colours: tuple[int, int, int]
    """Numbers of primaries, transfer and matrix in ITU-T H.273."""
    color_range: int
    start: Fraction
    """When the first frame is shown, in seconds."""
    time_base: Fraction


def look_of(source: VideoSource) -> VideoLook:
    """Return how a source is shown; decodes its first frame."""
    first = next(iter(source.decoded()))
    shown = source.shown(first)
    matrix = None
    for item in cast(Iterable[SideData], first.side_data):
        if item.type == Type.DISPLAYMATRIX:
            matrix = struct.unpack("<9i", bytes(item)[:36])
    space = int(shown.colorspace)
    full = shown.format.name.startswith("yuvj") or shown.color_range == ColorRange.JPEG
    base = Fraction(first.time_base or Fraction(1, 90_000))
    return VideoLook(
        size=(shown.width, shown.height),
        orientation=orientation_of(first),
        display_matrix=matrix,
        pixel_aspect=max(Fraction(0), source.info.sample_aspect_ratio),
        colours=(
            int(first.color_primaries),
            int(first.color_trc),
            BT470BG if space == RGB or shown.format.is_rgb else space,
        ),
        color_range=int(ColorRange.JPEG if full and not shown.format.is_rgb else ColorRange.MPEG),
        start=(first.pts or 0) * base,
        time_base=base,
    )


@dataclass(frozen=True)
class WrittenVideo:
    """Properties of a file that was written."""

    num_frames: int
    codec: str
    pix_fmt: str
    container: str
    width: int
    height: int
    """Size before the rotation that the container asks for."""
    audio_streams: int
    subtitle_streams: int
    left_out: tuple[str, ...]
    """Streams of the source that are not in the file."""


def write_video(
    path: Path,
    pictures: Iterator[Picture],
    clock: OutputClock,
    look: VideoLook,
    form: OutputFormat,
    source: Path,
    video_index: int,
) -> WrittenVideo:
    """Write pictures as a video with the sound and the subtitles of its source.

    Parameters
    ----------
    path
        File to write.
    pictures
        Frames as they are displayed, each (H, W, 3), uint8 RGB.
    clock
        Times of the frames.
    look
        How the source is shown.
    form
        Container and encoder.
    source, video_index
        Source file, and the number of its stream of pictures.

    Raises
    ------
    ClipError
        If the pictures cannot be encoded, or the container cannot hold a stream of the source.
    StageError
        If the disk is full.

    """
    with CopiedStreams(source, video_index) as copied:
        try:
            writer = _Writer(path, clock, look, form, copied)
            try:
                for picture in pictures:
                    writer.add(picture)
                writer.finish()
            finally:
                writer.close()
            return writer.checked(path)
        except av.FFmpegError as error:
            check_machine(error)
            raise ClipError(f"cannot be written as {form.container}: {one_line(error)}") from error
        except ValueError as error:  # of the corruption, or a codec that the container lacks
            raise ClipError(one_line(error)) from error


class _Writer:
    def __init__(
        self,
        path: Path,
        clock: OutputClock,
        look: VideoLook,
        form: OutputFormat,
        copied: CopiedStreams,
    ) -> None:
        self._clock, self._look, self._form, self._copied = clock, look, form, copied
        self._durations = {tick: after - tick for tick, after in pairwise(clock.ticks)}
        upright = look.display_matrix is not None and not form.keeps_rotation
        self._turned = Orientation() if upright else look.orientation
        width, height = look.orientation.size(*look.size) if upright else look.size
        options = {"fflags": "+bitexact", **form.options}
        if form.has_movie_timescale and copied.ticks_per_second:
            options["movie_timescale"] = str(copied.ticks_per_second)
        self._output = av.open(
            f"file:{path}",  # a name is never taken for an address
            mode="w",
            format=form.container,
            options=options,
        )
        self._count = 0
        try:
            stream: Any = self._output.add_stream(
                form.encoder, rate=clock.fps, options=form.encoder_options
            )
            self._stream = stream
            stream.width, stream.height = width, height
            stream.pix_fmt = form.pix_fmt(width, height)
            stream.time_base = clock.time_base
            context = stream.codec_context
            context.time_base = clock.time_base
            context.thread_count, context.thread_type = 1, ThreadType.NONE
            if look.pixel_aspect:
                turns = upright and look.orientation.rotation in (90, 270)
                context.sample_aspect_ratio = 1 / look.pixel_aspect if turns else look.pixel_aspect
            if not form.lossless:
                context.color_primaries, context.color_trc, context.colorspace = look.colours
                context.color_range = look.color_range
            if look.display_matrix is not None and not upright:
                stream.set_display_matrix(look.display_matrix)
            copied.add_to(self._output, stream)
        except BaseException:
            self._output.close()
            raise

    def add(self, picture: Picture) -> None:
        """Encode one picture, as it is displayed."""
        stored = np.ascontiguousarray(_unturned(picture, self._turned))
        frame = av.VideoFrame.from_ndarray(stored, format="rgb24")
        if not self._form.lossless:
            frame = frame.reformat(
                format=self._stream.pix_fmt,
                interpolation=SMALLER_CHROMA,
                dst_colorspace=MATRICES.get(self._look.colours[2], Colorspace.ITU601),
                dst_color_range=self._look.color_range,
                threads=1,
            )
            frame.colorspace, frame.color_range = self._look.colours[2], self._look.color_range
        frame.pts, frame.time_base = self._clock.ticks[self._count], self._clock.time_base
        self._count += 1
        self._mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Encode the last pictures and copy the rest of the other streams."""
        if self._count == 0:
            raise ClipError("no frames to store")
        self._mux(self._stream.encode(None))
        self._copied.mux_until(self._output, None)

    def close(self) -> None:
        """Write the end of the file."""
        self._output.close()

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            packet.duration = self._durations[packet.pts]
            self._copied.mux_until(self._output, packet.dts * packet.time_base)
            self._output.mux(packet)

    def checked(self, path: Path) -> WrittenVideo:
        """Return what was written; raise ClipError if the file does not hold all of it."""
        found: dict[int, CopiedPackets] = {}
        with av.open(f"file:{path}") as made:
            for packet in made.demux():
                if packet.size:
                    packets = found.setdefault(packet.stream.index, CopiedPackets(""))
                    packets.add(packet)
        pictures = found.pop(self._stream.index, CopiedPackets(""))
        if len(pictures.seconds) != self._count:
            raise ClipError(
                f"the written file has {len(pictures.seconds)} pictures, expected {self._count}"
            )
        shift = 0.0
        if not self._form.constant_rate:  # those of AVI are guessed by the reader
            shift = pictures.seconds[0] - float(self._clock.ticks[0] * self._clock.time_base)
        for index, packets in self._copied.copied.items():
            if not packets.agrees(found.get(index, CopiedPackets("")), shift):
                raise ClipError(
                    f"{self._form.container} does not keep the {packets.kind} of the source: "
                    f"stream {index} has other packets or times"
                )
        kinds = [one.type for one in self._copied.streams]
        return WrittenVideo(
            num_frames=self._count,
            codec=str(DECODED.get(self._form.encoder, self._form.encoder)),
            pix_fmt=str(self._stream.pix_fmt),
            container=self._form.container,
            width=int(self._stream.width),
            height=int(self._stream.height),
            audio_streams=kinds.count("audio"),
            subtitle_streams=kinds.count("subtitle"),
            left_out=tuple(self._copied.left_out),
        )


DECODED = {"libx264": "h264"}
"""Name of the codec of an encoder."""


def _unturned(picture: Picture, orientation: Orientation) -> Picture:
    """Return a displayed picture as it is stored: the inverse of `Orientation.apply`."""
    stored = picture[:, ::-1] if orientation.mirrored else picture
    return np.rot90(stored, -(orientation.rotation // 90))
