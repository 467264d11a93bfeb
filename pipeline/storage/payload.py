"""Payload: the video file that holds the frames of one clip in a shard.

| codec | file | properties |
|---|---|---|
| jpeg | mp4 | JPEG frames (libjpeg-turbo through simplejpeg): all-intra, fast to write and read |
| ffv1 | mkv | lossless, all-intra |
| h264 | mp4 | smallest; 4:2:0 and inter-coded, which removes part of added noise |

`JPEG 4:4:4` is the default: 4:2:0 of any codec removes about 28 % of noise per channel. Clean and
corrupted frames are stored in the same payload. The same frames give the same bytes: every encoder
runs with one thread and files contain no date.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import av
import numpy as np
import simplejpeg
from av.codec.context import ThreadType
from numpy.typing import NDArray

from corruptions.types import Clip

from ..errors import ClipError
from ..messages import one_line
from ..resources import check_machine
from ..settings import PayloadSettings
from .frame_times import tick_columns

EXTENSIONS = {"jpeg": "mp4", "ffv1": "mkv", "h264": "mp4"}

PLAIN = {"format_whitelist": "mov,matroska", "protocol_whitelist": "file"}
"""Options of readers: only video containers, so that a playlist cannot open other files."""


class PayloadWriter:
    """Writer of one clip, frame by frame; `close()` returns the bytes of the file."""

    def __init__(
        self,
        settings: PayloadSettings,
        fps: Fraction,
        height: int,
        width: int,
        times: Sequence[Fraction] | None = None,
    ) -> None:
        """Open a file for frames of one size.

        Parameters
        ----------
        settings
            Codec and its quality.
        fps
            Frames per second.
        height, width
            Pixels.
        times
            For a variable frame rate: when each frame is shown and when the last one ends, in
            seconds. None means evenly spaced frames.

        """
        self._settings = settings
        self._buffer = io.BytesIO()
        extension = EXTENSIONS[settings.codec]
        self._container = av.open(
            self._buffer,
            mode="w",
            format={"mp4": "mp4", "mkv": "matroska"}[extension],
            options={"fflags": "+bitexact"},
        )
        columns = tick_columns(times)
        self._ticks = columns.get("frame_ticks")
        self._time_base = Fraction(1, columns["ticks_per_second"] or 1) if columns else 1 / fps
        self.num_frames = 0
        self._stream = self._add_stream(fps)
        self._stream.width, self._stream.height = width, height
        self._stream.time_base = self._time_base
        self._stream.codec_context.time_base = self._time_base

    def _add_stream(self, fps: Fraction) -> Any:
        settings = self._settings
        options: dict[str, str]
        if settings.codec == "jpeg":
            # Only the muxer is used: frames are added as encoded JPEG packets.
            stream: Any = self._container.add_stream("mjpeg", rate=fps)
            stream.pix_fmt = {"444": "yuvj444p", "422": "yuvj422p", "420": "yuvj420p"}[
                settings.subsampling
            ]
            return stream
        if settings.codec == "ffv1":
            pix_fmt, name = "bgr0", "ffv1"
            options = {"level": "3", "g": "1", "slices": "4", "slicecrc": "1"}
        else:
            pix_fmt, name = "yuv420p", "libx264"
            options = {
                "crf": str(settings.crf),
                "preset": "medium",
                "x264-params": "cpu-independent=1:threads=1",
            }
        stream = self._container.add_stream(name, rate=fps, options=options)
        stream.pix_fmt = pix_fmt
        stream.codec_context.thread_count = 1
        stream.codec_context.thread_type = ThreadType.NONE
        return stream

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Append one frame, (H, W, 3) uint8 RGB."""
        if self._settings.codec == "jpeg":
            packet = av.Packet(_encoded_jpeg(frame, self._settings))
            packet.stream = self._stream
            packet.time_base = self._time_base
            packet.pts = packet.dts = self._tick(self.num_frames)
            packet.duration = self._tick(self.num_frames + 1) - packet.pts
            packet.is_keyframe = True
            self._container.mux(packet)
        else:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture.pts = self._tick(self.num_frames)
            picture.time_base = self._time_base
            self._container.mux(self._stream.encode(picture))
        self.num_frames += 1

    def _tick(self, index: int) -> int:
        """Return when a frame is shown, or the end, in units of the time base."""
        return index if self._ticks is None else self._ticks[index]

    @property
    def codec(self) -> str:
        """Return FFmpeg's name of the codec."""
        return str(self._stream.codec_context.name)

    @property
    def pix_fmt(self) -> str:
        """Return FFmpeg's name of the pixel format."""
        return str(self._stream.codec_context.pix_fmt)

    def close(self) -> bytes:
        """Finish the file and return its bytes."""
        if self.num_frames == 0:
            raise ClipError("no frames to store")
        if self._settings.codec != "jpeg":
            self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._buffer.getvalue()


def describe(settings: PayloadSettings) -> str:
    """Return encoder and settings of the payload, as manifests record them."""
    if settings.codec == "jpeg":
        library = f"simplejpeg {version('simplejpeg')}"
        return f"JPEG quality {settings.quality} {settings.subsampling} ({library})"
    if settings.codec == "ffv1":
        return f"FFV1 level 3 (av {av.__version__})"
    return f"libx264 CRF {settings.crf} medium (av {av.__version__})"


def write_payload(
    frames: Iterable[Any],
    fps: Fraction,
    settings: PayloadSettings,
    times: Sequence[Fraction] | None = None,
) -> bytes:
    """Encode frames, each (H, W, 3), uint8 RGB, as one video file; `times` as in PayloadWriter."""
    writer: PayloadWriter | None = None
    try:
        for frame in frames:
            if writer is None:
                writer = PayloadWriter(settings, fps, frame.shape[0], frame.shape[1], times)
            writer.add(frame)
        if writer is None:
            raise ClipError("no frames to store")
        return writer.close()
    except av.FFmpegError as error:
        check_machine(error)
        raise ClipError(f"cannot be stored as {describe(settings)}: {one_line(error)}") from error


def read_payload(payload: bytes) -> Clip:
    """Decode all frames of a stored clip, (T, H, W, 3), uint8 RGB.

    JPEG packets are decoded by libjpeg-turbo, as in clip_reader.py. Readers based on FFmpeg differ
    from it by at most 3 levels (rounding of YCbCr).
    """
    return decode(split(payload))


Encoded = bytes | tuple[bytes, ...]
"""Encoded frames of a clip: the file of the payload, or JPEG files one by one."""


def encode(
    frames: Iterable[NDArray[np.uint8]],
    fps: Fraction,
    settings: PayloadSettings,
    times: Sequence[Fraction] | None = None,
) -> Encoded:
    """Encode frames as `write_payload` does; JPEG frames are not put into a container."""
    if settings.codec != "jpeg":
        return write_payload(frames, fps, settings, times)
    encoded = tuple(_encoded_jpeg(frame, settings) for frame in frames)
    if not encoded:
        raise ClipError("no frames to store")
    return encoded


def split(payload: bytes) -> Encoded:
    """Return the JPEG files of a stored clip; the file itself if it has another codec."""
    with _readable(), av.open(io.BytesIO(payload), mode="r", options=PLAIN) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "mjpeg":
            return payload
        packets = tuple(bytes(packet) for packet in container.demux(stream) if packet.size)
        if not packets:
            raise ValueError("no frames")
        sizes = {simplejpeg.decode_jpeg_header(packet)[:2] for packet in packets}
        if sizes != {(stream.height, stream.width)}:
            raise ValueError("the size of a frame differs from its container")
        return packets


def decode(encoded: Encoded) -> Clip:
    """Return the frames of an encoded clip, as `read_payload` does."""
    with _readable():
        if isinstance(encoded, bytes):
            with av.open(io.BytesIO(encoded), mode="r", options=PLAIN) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
                return np.stack(frames)
        height, width = simplejpeg.decode_jpeg_header(encoded[0])[:2]
        clip = np.empty((len(encoded), height, width, 3), np.uint8)
        for frame, data in zip(clip, encoded, strict=True):
            simplejpeg.decode_jpeg(data, colorspace="RGB", buffer=frame)
        return clip


@contextmanager
def _readable() -> Iterator[None]:
    """Raise ClipError instead of the errors of a damaged clip."""
    try:
        yield
    except (av.FFmpegError, IndexError, ValueError, MemoryError) as error:
        check_machine(error)
        raise ClipError(f"stored clip cannot be read: {error}") from error


def _encoded_jpeg(frame: NDArray[np.uint8], settings: PayloadSettings) -> bytes:
    data: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(frame),
        quality=settings.quality,
        colorspace="RGB",
        colorsubsampling=settings.subsampling,
    )
    return data
