"""Compression corruptions of a source video: codec or lossy channel, at the native size.

The source is decoded once for all levels. One ffmpeg process encodes at all levels, reading the
decoded frames from a pipe; damaged streams stay in memory. (AV1 is encoded by the library, level by
level, because the encoder of the ffmpeg program is of another version.) The result has as many
frames as the source, in order, and goes through the same preprocessing as the clean clip.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import cast

import av

from corruptions.codec.coding import (
    DECODERS,
    LIBRARY_ONLY,
    Coded,
    decode,
    encode,
    encoder_options,
)
from corruptions.codec.concealment import ConcealedStream
from corruptions.codec.frames import FrameFormat, format_of
from corruptions.registry import Corruption
from corruptions.types import (
    Context,
    Damage,
    DamageFunction,
    Encoding,
    EncodingFunction,
    Level,
    UndecodableError,
)

from ..errors import ClipError
from ..messages import one_line
from ..resources import check_machine
from . import ffmpeg
from .planes import SourcePlanes, within
from .retry import retry_once
from .source import VideoSource

Shown = Callable[[av.VideoFrame], av.VideoFrame]
"""Function that restores the size and colour tags of the source to a decoded frame."""


@dataclass(frozen=True)
class Recompressed:
    """One clip at one level."""

    frames: Iterator[av.VideoFrame]
    """Frames at native size cropped to even width and height, in display order, not rotated;
    iteration raises ClipError if the clip cannot be encoded or decoded."""
    num_frames: int
    """Number of frames of the source and of `frames`."""
    rotation: int
    """Rotation of the source for display, counter-clockwise, in degrees."""
    encoder: str
    """Codec, settings and version, for manifests."""
    damage: Damage | None = None
    restored: ConcealedStream | None = None

    @property
    def damaged_frames(self) -> int | None:
        """Number of coded pictures with a changed or lost byte; None for plain encodings."""
        return None if self.damage is None else len(self.damage.units)

    @property
    def repeated_frames(self) -> int | None:
        """Number of frames that repeat another one so far; None for plain encodings."""
        return None if self.restored is None else self.restored.repeated


def recompress(
    source: Path,
    corruption: Corruption,
    levels: Sequence[Level],
    contexts: Sequence[Context],
    *,
    timeout_seconds: float,
) -> Iterator[Recompressed]:
    """Apply one corruption of the compression family to a video, at several levels.

    Parameters
    ----------
    source
        The video file.
    corruption
        A corruption that acts on the encoder or on the stream.
    levels, contexts
        Level and random numbers of each result.
    timeout_seconds
        Time limit for decoding and encoding the source.

    Yields
    ------
    Recompressed
        One result per level, computed on access.

    Raises
    ------
    ClipError
        If the source cannot be decoded or encoded, which concerns all levels.

    """
    with VideoSource(source) as video:
        if corruption.acts_on == "encoder":
            yield from _encode(video, corruption, levels, timeout_seconds)
        else:
            yield from _damage(video, corruption, levels, contexts, timeout_seconds)


def _encode(
    video: VideoSource, corruption: Corruption, levels: Sequence[Level], timeout_seconds: float
) -> Iterator[Recompressed]:
    function = cast(EncodingFunction, corruption.function)

    def encode_all() -> tuple[SourcePlanes, list[Encoding], list[list[bytes]]]:
        planes = SourcePlanes(video, timeout_seconds)
        encodings = [function(planes.stream, level) for level in levels]
        if encodings[0].codec in LIBRARY_ONLY:
            return planes, encodings, _encode_here(video, planes, encodings, timeout_seconds)
        pieces = (frame.tobytes() for frame in planes)
        coded = ffmpeg.encode_all(pieces, planes.stream, encodings, timeout_seconds)
        return planes, encodings, coded

    planes, encodings, coded = retry_once(encode_all, video.path)
    for encoding, stream in zip(encodings, coded, strict=True):
        here = encoding.codec in LIBRARY_ONLY
        version = _library_version() if here else f"ffmpeg {ffmpeg.version()}"
        yield Recompressed(
            frames=_sound(DECODERS[encoding.codec], stream, planes),
            num_frames=planes.num_frames,
            rotation=planes.rotation,
            encoder=f"{_settings(encoding)}; {version}",
        )


def _encode_here(
    video: VideoSource,
    planes: SourcePlanes,
    encodings: Sequence[Encoding],
    timeout_seconds: float,
) -> list[list[bytes]]:
    """Encode with the library, decoding the source again for each encoding after the first."""
    end = time.monotonic() + timeout_seconds
    coded = [_encode_with_library(planes, encodings[0]).units]
    for encoding in encodings[1:]:
        again = SourcePlanes(video, end - time.monotonic())
        coded.append(_encode_with_library(again, encoding).units)
    return coded


def _encode_with_library(planes: SourcePlanes, encoding: Encoding) -> Coded:
    try:
        return encode(planes, planes.stream, encoding)
    except av.FFmpegError as error:
        check_machine(error)
        raise ClipError(f"cannot encode: {one_line(error)}") from error


def _sound(codec: str, stream: Sequence[bytes], planes: SourcePlanes) -> Iterator[av.VideoFrame]:
    count = 0
    try:
        for frame in decode(codec, stream):
            count += 1
            yield planes.shown(frame)
    except av.FFmpegError as error:
        check_machine(error)
        raise ClipError(f"cannot decode what was encoded: {one_line(error)}") from error
    if count != planes.num_frames:
        raise ClipError(f"{count} of {planes.num_frames} frames were decoded after encoding")


def _damage(
    video: VideoSource,
    corruption: Corruption,
    levels: Sequence[Level],
    contexts: Sequence[Context],
    timeout_seconds: float,
) -> Iterator[Recompressed]:
    function = cast(DamageFunction, corruption.function)
    carrier = partial(_carrier, video, corruption.module, timeout_seconds)
    coded, rotation, shown, encoder = retry_once(carrier, video.path)
    for level, context in zip(levels, contexts, strict=True):
        units, damage = function(coded.units, level, context)
        restored = ConcealedStream(coded, units)
        yield Recompressed(
            frames=_restored(restored, shown),
            num_frames=coded.num_frames,
            rotation=rotation,
            encoder=encoder,
            damage=damage,
            restored=restored,
        )


def _carrier(
    video: VideoSource, module: ModuleType, timeout_seconds: float
) -> tuple[Coded, int, Shown, str]:
    """Return the stream to damage, the rotation, the restoring function and the encoder's name."""
    version = _library_version()
    if video.info.codec in module.AS_IT_IS:
        taken = _take(video, timeout_seconds)
        if taken is not None:
            coded, rotation = taken
            return coded, rotation, _same, f"{coded.codec} stream of the source; {version}"
    planes = SourcePlanes(video, timeout_seconds)
    coded = _encode_with_library(planes, module.CARRIER)
    return coded, planes.rotation, planes.shown, f"{_settings(module.CARRIER)}; {version}"


def _library_version() -> str:
    return f"libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}"


def _restored(
    restored: ConcealedStream, shown: Callable[[av.VideoFrame], av.VideoFrame]
) -> Iterator[av.VideoFrame]:
    try:
        for frame in restored:
            yield shown(frame)
    except UndecodableError as error:
        raise ClipError(str(error)) from error


def _take(video: VideoSource, timeout_seconds: float) -> tuple[Coded, int] | None:
    """Return the stream of the source and its rotation.

    None if its pictures cannot be identified (no time stamps) or change their size.
    """
    position_at: dict[int | None, int] = {}
    look: FrameFormat | None = None
    rotation = 0
    for position, frame in enumerate(within(timeout_seconds, video.frames())):
        if look is None:
            look, rotation = format_of(frame), frame.rotation
        if look != format_of(frame) or frame.pts is None or frame.pts in position_at:
            return None
        position_at[frame.pts] = position
    assert look is not None  # noqa: S101 - frames() gives a frame or raises
    packets = list(video.packets())
    positions = [position_at.get(packet.pts, -1) for packet in packets]
    if sorted(position for position in positions if position >= 0) != list(range(len(position_at))):
        return None
    context = packets[0].stream.codec_context
    coded = Coded(
        codec=context.name,
        units=[bytes(packet) for packet in packets],
        positions=positions,
        extradata=context.extradata or b"",
        look=look,
    )
    return coded, rotation


def _same(frame: av.VideoFrame) -> av.VideoFrame:
    return frame


def _settings(encoding: Encoding) -> str:
    options = " ".join(f"{name}={value}" for name, value in encoder_options(encoding).items())
    return f"{encoding.codec} {options}"
