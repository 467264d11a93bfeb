"""Source videos: properties, packets and frames of a file, one frame at a time.

`VideoSource` yields the frames as decoded; `Preprocess` turns a frame into the benchmark's picture.
Both hold one frame, whatever the length of the clip, so that the memory of a worker is that of the
decoder: about 150 MB for H.264 at 1080p.
"""

import errno
import stat
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from itertools import islice
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
from .allowed import CONTAINERS, DECODERS, PROTOCOLS, check_decoder
from .colour import check_matrix, with_chroma
from .cropping import Crop, Cropper, container_crop
from .info import SourceInfo, stream_info
from .normalise import PictureOptions, normalised
from .segment import Segment

MAX_PIXELS = 8192 * 8192
"""Largest picture that is decoded unless the caller sets a limit; a damaged header can declare
sizes that exceed any memory."""


AS_THEY_ARE = PictureOptions()
"""Options that change nothing."""

OF_THE_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
"""Error numbers that concern a file; others concern the disk or the machine."""


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
    options
        Changes of the pictures that `frames` yields.
    max_frames
        Number of frames after which the video is taken to end; None means all. Its properties stay
        those of the whole video.
    segment
        Part of the video that is read, by time stamps; None means all. Properties and frames are
        those of this part.

    Raises
    ------
    ClipError
        If the file cannot be read, from the constructor and from every method.
    StageError
        If the error was caused by the machine.

    """

    def __init__(
        self,
        path: Path,
        max_pixels: int = MAX_PIXELS,
        timeout_seconds: float | None = None,
        max_frames: int | None = None,
        options: PictureOptions = AS_THEY_ARE,
        segment: Segment | None = None,
    ) -> None:
        self.path = path
        self.segment = segment
        check_file(path)
        self._max_pixels = max_pixels
        self._max_frames = max_frames
        self.options = options
        self._seconds = timeout_seconds
        self._start = time.monotonic()
        self._containers: list[av.container.InputContainer] = []
        self._codec = ""
        self._cropper = Cropper()

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
        limit = {"max_pixels": str(self._max_pixels), "codec_whitelist": ",".join(DECODERS)}
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
        check_decoder(context.name)
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
        """Properties of the stream; reads the packets of the file once.

        Pictures are decoded only where the packets do not tell how many there are.
        """
        container, stream = self._open()
        packets = self._demux(container, stream)

        def stamps() -> list[int | None]:
            return [frame.pts for frame in self._decode(0, self._max_frames)]

        return stream_info(self.path, container, stream, packets, stamps, self.segment)

    @cached_property
    def _crop(self) -> Crop:
        container, stream = self._open()
        context = stream.codec_context
        return container_crop(
            self.path, container.format.name, stream.index, context.width, context.height
        )

    @property
    def pixel_aspect(self) -> Fraction:
        """Width over height of a pixel; 1 unless the options ask for square pixels."""
        ratio = self.info.sample_aspect_ratio if self.options.square_pixels else Fraction(1)
        return ratio if ratio > 0 else Fraction(1)

    def packets(self) -> Iterator[Any]:
        """Yield the coded pictures (av.Packet) of the video stream, in coding order."""
        yield from self._demux(*self._open())

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield all frames in presentation order, cropped as the container asks, not rotated.

        They are changed as the options of the source say.
        """
        try:
            yield from normalised(map(self.shown, self.decoded()), self.options)
        except av.FFmpegError as error:
            self._check_moment(error)
            raise ClipError(f"cannot be filtered: {ffmpeg_words(error)}") from error

    def shown(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a decoded frame as the container and the colour tags mean it.

        Cropped as the container asks, and limited-range grey as YUV. Raises ClipError if its
        colour matrix cannot be converted.
        """
        check_matrix(frame)
        return self._cropper(with_chroma(frame, self._codec), self._crop)

    def decoded(self) -> Iterator[av.VideoFrame]:
        """Yield all frames in presentation order as the decoder returns them."""
        if self.segment is None:
            yield from self._decode(0, self._max_frames)
            return
        info = self.info
        length = info.num_frames if self._max_frames is None else self._max_frames
        first = info.first_frame
        yield from self._decode(first, first + min(length, info.num_frames))

    def _decode(self, first: int, stop: int | None) -> Iterator[av.VideoFrame]:
        """Yield the frames `first` to before `stop`.

        Earlier ones are decoded as well, since later ones depend on them.
        """
        container, stream = self._open()
        self._codec = stream.codec_context.name
        count = 0
        try:
            for frame in islice(container.decode(stream), stop):
                count += 1
                if frame.width * frame.height > self._max_pixels:
                    raise ClipError(_too_large(frame.width, frame.height, self._max_pixels))
                self._check_time()
                if count > first:
                    yield frame
        except (av.FFmpegError, ValueError, IndexError) as error:
            self._check_moment(error)
            raise ClipError(f"broken after {count} frames: {ffmpeg_words(error)}") from error
        if count <= first:
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
