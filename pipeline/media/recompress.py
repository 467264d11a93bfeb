"""Compression corruptions of a source video: codec or lossy channel, at the native size.

The source is decoded once for all levels. One ffmpeg process encodes at all levels, reading the
decoded frames from a pipe; damaged streams stay in memory. (AV1 is encoded by the library, level by
level, because the encoder of the ffmpeg program is of another version.) The result has as many
frames as the source, in order and of the same sizes, and goes through the same preprocessing as the
clean clip.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

import av

from corruptions.codec.coding import DECODERS, LIBRARY_ONLY, decode, encode
from corruptions.codec.concealment import ConcealedStream
from corruptions.registry import Corruption
from corruptions.types import (
    Context,
    Damage,
    DamageFunction,
    Encoding,
    EncodingFunction,
    Level,
    Stream,
    UndecodableError,
)

from ..errors import ClipError
from ..messages import one_line
from ..resources import check_machine
from . import ffmpeg
from .carrier import Carrier, Shown, carrier_of, describe, library_version
from .normalise import PictureOptions
from .orientation import Orientation
from .planes import Planes, parts
from .retry import retry_once
from .segment import Segment
from .source import AS_THEY_ARE, VideoSource


@dataclass(frozen=True)
class Recompressed:
    """One clip at one level."""

    frames: Iterator[av.VideoFrame]
    """Frames at native size, in display order, not rotated; iteration raises ClipError if the clip
    cannot be encoded or decoded."""
    num_frames: int
    """Number of frames of the source and of `frames`."""
    orientation: Orientation
    """Rotation and reflection of the source for display."""
    pixel_aspect: Fraction
    """Width over height of a pixel that shall become square; otherwise 1."""
    encoder: str
    """Codec, settings and version, for manifests."""
    coded_bytes: int | None = None
    """Bytes of the coded pictures; None for damaged streams."""
    damage: Damage | None = None
    restored: tuple[ConcealedStream, ...] = ()

    @property
    def damaged_frames(self) -> int | None:
        """Number of coded pictures with a changed or lost byte; None for plain encodings."""
        return None if self.damage is None else len(self.damage.units)

    @property
    def repeated_frames(self) -> int | None:
        """Number of frames that repeat another one so far; None for plain encodings."""
        return sum(part.repeated for part in self.restored) if self.restored else None


def recompress(
    source: Path,
    corruption: Corruption,
    levels: Sequence[Level],
    contexts: Sequence[Context],
    *,
    timeout_seconds: float,
    max_frames: int | None = None,
    options: PictureOptions = AS_THEY_ARE,
    segment: Segment | None = None,
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
    max_frames
        Number of frames from the start that are used; None means all.
    options
        Changes of the source's pictures before they are encoded.
    segment
        Part of the video that is used; None means all.

    Yields
    ------
    Recompressed
        One result per level, computed on access.

    Raises
    ------
    ClipError
        If the source cannot be decoded or encoded, which concerns all levels.

    """
    with VideoSource(source, max_frames=max_frames, options=options, segment=segment) as video:
        if corruption.acts_on == "encoder":
            yield from _encode(video, corruption, levels, timeout_seconds)
        else:
            yield from _damage(video, corruption, levels, contexts, timeout_seconds)


@dataclass(frozen=True)
class _EncodedPart:
    """Frames of one size, encoded at every level."""

    planes: Planes
    encodings: list[Encoding]
    streams: list[list[bytes]]


def _encode(
    video: VideoSource, corruption: Corruption, levels: Sequence[Level], timeout_seconds: float
) -> Iterator[Recompressed]:
    function = cast(EncodingFunction, corruption.function)

    here = function(_ANY_STREAM, levels[0]).codec in LIBRARY_ONLY
    version = library_version() if here else f"ffmpeg {ffmpeg.version()}"

    def encode_all() -> list[_EncodedPart]:
        if here:
            return _encode_here(video, function, levels, timeout_seconds)
        encoded = []
        for planes in parts(video, timeout_seconds):
            encodings = [function(planes.stream, level) for level in levels]
            pieces = (frame.tobytes() for frame in planes)
            streams = ffmpeg.encode_all(pieces, planes.stream, encodings, timeout_seconds)
            encoded.append(_EncodedPart(planes, encodings, streams))
        return encoded

    encoded = retry_once(encode_all, video.path)
    for index in range(len(levels)):
        yield Recompressed(
            frames=_decoded(encoded, index),
            num_frames=sum(part.planes.num_frames for part in encoded),
            orientation=encoded[0].planes.orientation,
            pixel_aspect=video.pixel_aspect,
            encoder=f"{describe(encoded[0].encodings[index])}; {version}",
            coded_bytes=sum(len(piece) for part in encoded for piece in part.streams[index]),
        )


_ANY_STREAM = Stream(2, 2, Fraction(25), 1, bit_rate=1)
"""Stream of which an encoding is asked in order to see its codec."""


def _encode_here(
    video: VideoSource, function: EncodingFunction, levels: Sequence[Level], timeout_seconds: float
) -> list[_EncodedPart]:
    """Encode with the library, decoding the source again for each level."""
    end = time.monotonic() + timeout_seconds
    encoded: list[_EncodedPart] = []
    try:
        for turn, level in enumerate(levels):
            for number, planes in enumerate(parts(video, end - time.monotonic())):
                if turn == 0:
                    encoded.append(_EncodedPart(planes, [], []))
                encoding = function(planes.stream, level)
                encoded[number].encodings.append(encoding)
                encoded[number].streams.append(encode(planes, planes.stream, encoding).units)
    except av.FFmpegError as error:
        check_machine(error)
        raise ClipError(f"cannot encode: {one_line(error)}") from error
    return encoded


def _decoded(encoded: Sequence[_EncodedPart], index: int) -> Iterator[av.VideoFrame]:
    """Yield the frames of one level, part by part."""
    for part in encoded:
        count, num_frames = 0, part.planes.num_frames
        try:
            for frame in decode(DECODERS[part.encodings[index].codec], part.streams[index]):
                count += 1
                yield part.planes.shown(frame)
        except av.FFmpegError as error:
            check_machine(error)
            raise ClipError(f"cannot decode what was encoded: {one_line(error)}") from error
        if count != num_frames:
            raise ClipError(f"{count} of {num_frames} frames were decoded after encoding")


def _damage(
    video: VideoSource,
    corruption: Corruption,
    levels: Sequence[Level],
    contexts: Sequence[Context],
    timeout_seconds: float,
) -> Iterator[Recompressed]:
    function = cast(DamageFunction, corruption.function)
    carrier = retry_once(partial(carrier_of, video, corruption.module, timeout_seconds), video.path)
    for level, context in zip(levels, contexts, strict=True):
        units, damage = function(carrier.units, level, context)
        restored = _restored(carrier, units)
        yield Recompressed(
            frames=_concealed(restored, carrier.shown),
            num_frames=carrier.num_frames,
            orientation=carrier.orientation,
            pixel_aspect=video.pixel_aspect,
            encoder=carrier.encoder,
            damage=damage,
            restored=restored,
        )


def _restored(carrier: Carrier, units: list[bytes]) -> tuple[ConcealedStream, ...]:
    """Return the pictures of each part; `units` are the damaged ones of all parts."""
    restored, start = [], 0
    for coded in carrier.coded:
        end = start + len(coded.units)
        restored.append(ConcealedStream(coded, units[start:end]))
        start = end
    return tuple(restored)


def _concealed(
    restored: Sequence[ConcealedStream], shown: Sequence[Shown]
) -> Iterator[av.VideoFrame]:
    try:
        for stream, show in zip(restored, shown, strict=True):
            for frame in stream:
                yield show(frame)
    except UndecodableError as error:
        raise ClipError(str(error)) from error
