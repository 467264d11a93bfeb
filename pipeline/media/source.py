"""Source videos: properties, packets and frames of a file, one frame at a time.

`VideoSource` yields the frames as decoded; `Preprocess` turns a frame into the benchmark's picture.
Both hold one frame, whatever the length of the clip, so that the memory of a worker is that of the
decoder: about 150 MB for H.264 at 1080p.
"""

import errno
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.container
import av.filter
import av.video
from av.codec.context import ThreadType

from ..errors import ClipError, TransientClipError
from ..messages import one_line
from ..resources import check_machine

MAX_PIXELS = 8192 * 8192
"""Largest picture that is decoded unless the caller sets a limit; a damaged header can declare
sizes that exceed any memory."""


CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg"
"""FFmpeg's demuxers that may open a source: containers that hold their pictures themselves. Others
(playlists, concat scripts, SDP, image patterns) name further files or addresses, which FFmpeg would
open whatever the extension of the file."""


PROTOCOLS = "file"


OF_THE_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
"""Error numbers that concern a file; others concern the disk or the machine."""


@dataclass(frozen=True)
class SourceInfo:
    """Properties of the chosen video stream, from the container and its packets."""

    container: str
    codec: str
    pix_fmt: str
    width: int
    height: int
    """Coded size in pixels, before rotation."""
    fps: Fraction
    """Average frame rate."""
    num_packets: int
    """Coded pictures in the file (demuxed, not taken from the header)."""
    declared_frames: int
    """Number of frames according to the header; 0 if it does not state one."""
    bit_rate: int
    """Bits per second of the video stream alone: its bytes over num_packets / fps."""
    container_bit_rate: int
    """Bits per second of the whole file, audio included."""
    stream_index: int


class VideoSource:
    """One video file, used as a context manager.

    `info`, `packets()` and `frames()` open the file independently, so that they can be used in any
    order and at the same time.

    Parameters
    ----------
    path
        The file.
    max_pixels
        Largest picture, width times height.
    timeout_seconds
        Time limit for reading, from the construction of the object; None means no limit.

    Raises
    ------
    ClipError
        If the file cannot be read, from the constructor and from every method.
    StageError
        If the error was caused by the machine.

    """

    def __init__(
        self, path: Path, max_pixels: int = MAX_PIXELS, timeout_seconds: float | None = None
    ) -> None:
        self.path = path
        check_file(path)
        self._max_pixels = max_pixels
        self._seconds = timeout_seconds
        self._start = time.monotonic()
        self._containers: list[av.container.InputContainer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for container in self._containers:
            container.close()

    def _open(self) -> tuple[av.container.InputContainer, av.video.stream.VideoStream]:
        """Open the file again at FFmpeg's best video stream; cover pictures do not count."""
        limit = {"max_pixels": str(self._max_pixels)}
        try:
            container = av.open(
                f"file:{self.path}",  # a name is never taken for an address
                mode="r",
                metadata_errors="replace",
                options={"format_whitelist": CONTAINERS, "protocol_whitelist": PROTOCOLS, **limit},
                timeout=self._seconds,
            )
        except av.ArgumentError as error:
            raise ClipError(
                f"cannot open: damaged, or none of the containers {CONTAINERS}"
            ) from error
        except (av.FFmpegError, OSError, ValueError) as error:
            self._check_moment(error)
            raise ClipError(f"cannot open: {ffmpeg_words(error)}") from error
        self._containers.append(container)
        stream = container.streams.best("video")
        if not isinstance(stream, av.video.stream.VideoStream) or "attached_pic" in str(
            stream.disposition
        ):
            raise ClipError("no video stream")
        context = stream.codec_context
        if context is None:
            raise ClipError("no decoder for the video stream")
        context.thread_type = ThreadType.NONE
        context.thread_count = 1
        context.options = limit
        if context.width * context.height > self._max_pixels:
            raise ClipError(_too_large(context.width, context.height, self._max_pixels))
        return container, stream

    def _check_time(self) -> None:
        if self._seconds is not None and time.monotonic() - self._start > self._seconds:
            raise TransientClipError(f"not read within {self._seconds:g} s")

    def _check_moment(self, error: Exception) -> None:
        """Raise an error of the time limit or of the machine instead of one of the clip."""
        self._check_time()
        check_machine(error)

    @cached_property
    def info(self) -> SourceInfo:
        """Properties of the stream; reads the packets of the file once and decodes none."""
        container, stream = self._open()
        count = total = 0
        for packet in self._demux(container, stream):
            count, total = count + 1, total + packet.size
        if count == 0:
            raise ClipError("the video stream has no packets")
        context = stream.codec_context
        if context.width <= 0 or context.height <= 0:
            raise ClipError("the video stream has no size")
        fps = stream.average_rate or stream.guessed_rate or stream.base_rate
        fps = Fraction(fps).limit_denominator(100_000) if fps else Fraction(25)
        if not 0 < fps <= 1000:
            raise ClipError(f"frame rate of {float(fps):g} frames per second")
        seconds = count / fps
        return SourceInfo(
            container=container.format.name,
            codec=context.name,
            pix_fmt=context.pix_fmt or "unknown",
            width=context.width,
            height=context.height,
            fps=fps,
            num_packets=count,
            declared_frames=stream.frames,
            bit_rate=max(1, round(total * 8 / seconds)),
            container_bit_rate=max(1, round(self.path.stat().st_size * 8 / seconds)),
            stream_index=stream.index,
        )

    def packets(self) -> Iterator[Any]:
        """Yield the coded pictures (av.Packet) of the video stream, in coding order."""
        yield from self._demux(*self._open())

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield all frames in presentation order, at the coded size, not rotated."""
        container, stream = self._open()
        count = 0
        try:
            for frame in container.decode(stream):
                count += 1
                if frame.width * frame.height > self._max_pixels:
                    raise ClipError(_too_large(frame.width, frame.height, self._max_pixels))
                self._check_time()
                yield frame
        except (av.FFmpegError, ValueError, IndexError) as error:
            self._check_moment(error)
            raise ClipError(f"broken after {count} frames: {ffmpeg_words(error)}") from error
        if count == 0:
            raise ClipError("no frame could be decoded")

    def _demux(
        self, container: av.container.InputContainer, stream: av.video.stream.VideoStream
    ) -> Iterator[Any]:
        try:
            for packet in container.demux(stream):
                self._check_time()
                if packet.size:
                    yield packet
        except (av.FFmpegError, IndexError) as error:
            self._check_moment(error)
            # IndexError: streams that appear midway in a damaged transport stream.
            raise ClipError(f"cannot read: {ffmpeg_words(error)}") from error


def check_file(path: Path) -> None:
    """Raise ClipError unless `path` is a regular file: FIFOs block, and devices never end."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise ClipError("no such file") from error
    except OSError as error:
        if error.errno not in OF_THE_FILE:
            raise
        raise ClipError(ffmpeg_words(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise ClipError("not a regular file")
    if status.st_size == 0:
        raise ClipError("empty file (0 bytes)")


def _too_large(width: int, height: int, limit: int) -> str:
    return f"picture of {width} x {height}, more than {limit} pixels"


def ffmpeg_words(error: BaseException) -> str:
    """Return FFmpeg's message without the path of the file."""
    text = getattr(error, "strerror", None) or str(error)
    return one_line(text)
