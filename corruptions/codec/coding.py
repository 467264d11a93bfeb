"""Encoding and decoding of elementary streams in memory, reproducible on every CPU."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import av
import av.video
from av.codec.context import ThreadType
from av.video.reformatter import ColorRange, Colorspace

from corruptions.codec.frames import I420, FrameFormat
from corruptions.types import (
    Encoding,
    Stream,
)

DECODERS = {"libx264": "h264", "libx265": "hevc"}


@dataclass(frozen=True)
class Coded:
    """A coded video stream."""

    codec: str
    """FFmpeg's name of the decoder."""
    units: list[bytes]
    """Coded pictures in coding order."""
    positions: list[int]
    """Display position of each unit's picture, counted from 0; -1 if it is never shown."""
    extradata: bytes
    """Parameter sets, given to the decoder before the first unit."""
    look: FrameFormat

    @property
    def num_frames(self) -> int:
        return 1 + max(self.positions, default=-1)


def encoder_options(encoding: Encoding) -> dict[str, str]:
    """Return FFmpeg's options of an encoding, valid for the libraries and the ffmpeg program."""
    options = {"preset": encoding.preset, "threads": "1"}
    if encoding.crf is not None:
        options["crf"] = f"{encoding.crf:g}"
    if encoding.bit_rate is not None:
        options |= dict.fromkeys(("b", "maxrate", "bufsize"), str(encoding.bit_rate))
    if encoding.codec == "libx264":
        options["x264-params"] = "cpu-independent=1"
    else:
        options["x265-params"] = "pools=none:frame-threads=1:no-wpp=1:info=0:log-level=none"
    return options


def encode(frames: Iterable[I420], stream: Stream, encoding: Encoding) -> Coded:
    """Encode frames at a constant rate; parameter sets are in the stream and beside it."""
    encoder = av.CodecContext.create(encoding.codec, "w")
    encoder.width, encoder.height = stream.width, stream.height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = stream.fps
    encoder.time_base = 1 / stream.fps
    encoder.options = encoder_options(encoding)
    packets = []
    for position, planes in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = position
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    units = [bytes(packet) for packet in packets]
    return Coded(
        codec=DECODERS[encoding.codec],
        units=units,
        positions=[-1 if packet.pts is None else packet.pts for packet in packets],
        extradata=_parameter_sets(units[0]) if units and encoding.codec == "libx264" else b"",
        look=FrameFormat(
            stream.width, stream.height, "yuv420p", Colorspace.ITU601, ColorRange.MPEG
        ),
    )


def decode(codec: str, stream: bytes) -> Iterator[av.VideoFrame]:
    """Decode a complete, undamaged elementary stream."""
    decoder = open_decoder(codec, {})
    for packet in [*decoder.parse(stream), *decoder.parse(b""), None]:
        yield from decoder.decode(packet)


def open_decoder(codec: str, options: dict[str, str]) -> av.video.codeccontext.VideoCodecContext:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.video.codeccontext.VideoCodecContext)  # noqa: S101 - video only
    decoder.thread_type = ThreadType.NONE
    decoder.thread_count = 1  # damaged pictures depend on the number of threads
    decoder.options = options
    return decoder


def _parameter_sets(unit: bytes) -> bytes:
    """Return SPS and PPS of an H.264 access unit in Annex B."""
    start = b"\0\0\1"
    nals = (nal.rstrip(b"\0") for nal in unit.split(start)[1:])
    return b"".join(b"\0" + start + nal for nal in nals if nal and nal[0] & 31 in (7, 8))
