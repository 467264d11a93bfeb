"""Read source videos: any container and codec that FFmpeg reads, one frame at a time.

`VideoSource` opens a file and gives its frames as the decoder made them; `Preprocess` turns a frame
into the benchmark's picture. Both hold one frame, whatever the clip's length, so that the memory of
a worker is that of the decoder: about 150 MB for H.264 at 1080p.
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
"""Largest picture that is decoded where the caller sets no limit; a damaged header can declare
sizes that fill any memory."""


CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg"
"""FFmpeg's demuxers that may open a source: containers that hold their pictures themselves. Others
(playlists, concat scripts, SDP, image patterns) name further files or addresses, which FFmpeg would
open whatever the extension of the file."""


PROTOCOLS = "file"


OF_THE_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
"""Numbers of errors that say something about a file; others are the disk's or the machine's."""


@dataclass(frozen=True)
class SourceInfo:
    """What the container and the first frames say of the chosen video stream."""

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
    """Frames that the header promises; 0 if it does not say."""
    bit_rate: int
    """Bits per second of the video stream alone: its bytes over num_packets / fps."""
    container_bit_rate: int
    """Bits per second of the whole file, audio included."""
    stream_index: int


class VideoSource:
    """One video file; use as a context manager. Every failure is a ClipError.

    `info`, `packets()` and `frames()` read the file on their own, so that they can be used in any
    order and at the same time. A picture of more than `max_pixels`, and reading that has not come
    to its end `timeout_seconds` after the source was made, are failures.
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
        """Open the file anew at FFmpeg's best video stream; cover pictures do not count."""
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
        """Whether an error is the clip's, and not that of the time or the machine."""
        self._check_time()
        check_machine(error)

    @cached_property
    def info(self) -> SourceInfo:
        """Properties of the stream; the file's packets are walked once, none is decoded."""
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
        """Coded pictures (av.Packet) of the video stream from the start, in coding order."""
        yield from self._demux(*self._open())

    def frames(self) -> Iterator[av.VideoFrame]:
        """All frames from the start in presentation order, at the coded size, not rotated."""
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
    """Refuse what is no plain file: opening a pipe waits for ever, and a device never ends."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise ClipError("no such file") from error
    except OSError as error:
        if error.errno not in OF_THE_FILE:
            raise
        raise ClipError(ffmpeg_words(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise ClipError("no plain file")
    if status.st_size == 0:
        raise ClipError("empty file (0 bytes)")


def _too_large(width: int, height: int, limit: int) -> str:
    return f"picture of {width} x {height}, more than {limit} pixels"


def ffmpeg_words(error: BaseException) -> str:
    """What FFmpeg said, without the path of the file."""
    text = getattr(error, "strerror", None) or str(error)
    return one_line(text)
