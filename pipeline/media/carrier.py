"""Carriers: the coded streams that a lossy channel damages.

The stream of the source itself is damaged where the corruption says so and the stream, undamaged,
gives the frames of the source in the decoder that conceals damage. Some streams do not: those with
several sample descriptions, without reorder information, of changing size or without time stamps.
They are encoded first, as other codecs are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from types import ModuleType

import av
import numpy as np

from corruptions.codec.coding import Coded, encode, encoder_options
from corruptions.codec.concealment import ConcealedStream
from corruptions.codec.frames import FrameFormat, format_of
from corruptions.types import Encoding, UndecodableError

from ..errors import ClipError
from ..messages import one_line
from ..resources import check_machine
from .orientation import Orientation, orientation_of
from .planes import parts, within
from .source import VideoSource

Shown = Callable[[av.VideoFrame], av.VideoFrame]
"""Function that restores the size and colour tags of the source to a decoded frame."""


@dataclass(frozen=True)
class Carrier:
    """A coded stream, in parts of one size and format, and what its pictures mean."""

    coded: tuple[Coded, ...]
    shown: tuple[Shown, ...]
    """How the pictures of each part are shown."""
    orientation: Orientation
    encoder: str
    """Codec, settings and version, for manifests."""

    @property
    def units(self) -> list[bytes]:
        """Coded pictures of all parts, in coding order."""
        return [unit for coded in self.coded for unit in coded.units]

    @property
    def num_frames(self) -> int:
        """Number of pictures of all parts."""
        return sum(coded.num_frames for coded in self.coded)


def carrier_of(video: VideoSource, module: ModuleType, timeout_seconds: float) -> Carrier:
    """Return the stream that a corruption damages: of the source, or encoded as `CARRIER` says.

    Raises
    ------
    ClipError
        If the source cannot be decoded or encoded.

    """
    version = library_version()
    if video.info.codec in module.AS_IT_IS:
        taken = take_stream(video, timeout_seconds)
        if taken is not None:
            coded, orientation = taken
            encoder = f"{coded.codec} stream of the source; {version}"
            return Carrier((coded,), (video.shown,), orientation, encoder)
    streams, shown, orientation = [], [], Orientation()
    try:
        for planes in parts(video, timeout_seconds):
            streams.append(encode(planes, planes.stream, module.CARRIER))
            shown.append(planes.shown)
            orientation = planes.orientation
    except av.FFmpegError as error:
        check_machine(error)
        raise ClipError(f"cannot encode: {one_line(error)}") from error
    encoder = f"{describe(module.CARRIER)}; {version}"
    return Carrier(tuple(streams), tuple(shown), orientation, encoder)


def take_stream(video: VideoSource, timeout_seconds: float) -> tuple[Coded, Orientation] | None:
    """Return the stream of the source and its orientation.

    None if the stream, undamaged, does not give the frames of the source, or if they are a segment
    of it: its first picture depends on those before.
    """
    if video.segment is not None:
        return None
    position_at: dict[int | None, int] = {}
    digests: list[bytes] = []
    look: FrameFormat | None = None
    orientation = Orientation()
    for position, frame in enumerate(within(timeout_seconds, video.decoded())):
        if look is None:
            look, orientation = format_of(frame), orientation_of(frame)
        if look != format_of(frame) or frame.pts is None or frame.pts in position_at:
            return None
        if video.options.alters(frame):
            return None
        position_at[frame.pts] = position
        digests.append(_digest(frame))
    assert look is not None  # noqa: S101 - decoded() yields a frame or raises
    packets = list(video.packets())
    positions = [position_at.get(packet.pts, -1) for packet in packets]
    while positions and positions[-1] < 0:  # of pictures after the last one that is shown
        positions.pop()
    packets = packets[: len(positions)]
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
    restored = within(timeout_seconds, ConcealedStream(coded, coded.units))
    return (coded, orientation) if _are(restored, digests) else None


def _are(frames: Iterator[av.VideoFrame], digests: list[bytes]) -> bool:
    """Return True if the frames have these digests, one for one."""
    try:
        return [_digest(frame) for frame in frames] == digests
    except UndecodableError:
        return False


def _digest(frame: av.VideoFrame) -> bytes:
    """Return a hash of the pixels of a planar frame."""
    digest = blake2b(digest_size=16)
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        width = plane.width * (1 if frame.format.components[0].bits == 8 else 2)
        digest.update(np.ascontiguousarray(rows[: plane.height, :width]).data)
    return digest.digest()


def library_version() -> str:
    """Return the version of the library that encodes in this process, for manifests."""
    return f"libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}"


def describe(encoding: Encoding) -> str:
    """Return an encoder and its options in words, for manifests."""
    options = " ".join(f"{name}={value}" for name, value in encoder_options(encoding).items())
    return f"{encoding.codec} {options}"
