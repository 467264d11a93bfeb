"""Encoding and decoding of elementary streams in memory, reproducible on every CPU."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import av.video
from av.codec.context import ThreadType
from av.video.reformatter import ColorRange, Colorspace

from corruptions.codec.frames import I420, FrameFormat
from corruptions.codec.priority import priority_kept
from corruptions.types import (
    Encoding,
    Stream,
)

DECODERS = {
    "libx264": "h264",
    "libx265": "hevc",
    "libvpx-vp9": "vp9",
    "libsvtav1": "libdav1d",
    "mpeg4": "mpeg4",
}
"""FFmpeg's name of the decoder for each encoder."""

FRAMED = frozenset({"vp9", "libdav1d"})
"""Decoders of streams in which the borders of coded pictures are not marked."""

LIBRARY_ONLY = frozenset({"libsvtav1"})
"""Encoders of which the ffmpeg program has another version, with other bytes, than the library."""

FASTEST = {"libsvtav1": Fraction(240)}
"""Highest frame rate of an encoder; a faster clip is encoded at this rate."""

TIMELESS = {"mpeg4": Fraction(25)}
"""Frame rate of encoders whose result does not depend on it and that do not know every rate."""


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
    speed = "cpu-used" if encoding.codec == "libvpx-vp9" else "preset"
    options = {speed: encoding.preset} if encoding.preset else {}
    options["threads"] = "1"
    if encoding.crf is not None:
        options["crf"] = f"{encoding.crf:g}"
    if encoding.bit_rate is not None:
        options |= dict.fromkeys(("b", "maxrate", "bufsize"), str(encoding.bit_rate))
    if encoding.codec == "libx264":
        options["x264-params"] = "cpu-independent=1"
        if encoding.low_delay and encoding.bit_rate is not None:
            options |= {"tune": "zerolatency", "bufsize": str(encoding.bit_rate // 4)}
    elif encoding.codec == "libx265":
        options["x265-params"] = "pools=none:frame-threads=1:no-wpp=1:info=0:log-level=none"
    elif encoding.codec == "libvpx-vp9":
        options |= {"deadline": "good", "row-mt": "0"}
        options.setdefault("b", "0")  # else FFmpeg's default rate limits the CRF
    elif encoding.codec == "libsvtav1":
        options["svtav1-params"] = "lp=1"
        for name in ("maxrate", "bufsize"):  # would select constant rate, which needs low delay
            options.pop(name, None)
    else:
        options |= dict.fromkeys(("qmin", "qmax"), str(encoding.quantiser))
        options |= {"flags": "bitexact", "dct": "int", "idct": "simple"}
    return options


def encoder_rate(encoding: Encoding, fps: Fraction) -> Fraction:
    """Return the frame rate that the encoder is told for a clip at `fps`."""
    rate = TIMELESS.get(encoding.codec, fps)
    return min(rate, FASTEST.get(encoding.codec, rate))


def encode(frames: Iterable[I420], stream: Stream, encoding: Encoding) -> Coded:
    """Encode frames at a constant rate; parameter sets are in the stream and beside it."""
    if encoding.codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # errors; else it prints its settings
    encoder = av.CodecContext.create(encoding.codec, "w")
    encoder.width, encoder.height = stream.width, stream.height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate = encoder_rate(encoding, stream.fps)
    encoder.time_base = 1 / encoder.framerate
    encoder.options = encoder_options(encoding)
    with priority_kept():
        encoder.open()
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


def decode(codec: str, pieces: Sequence[bytes]) -> Iterator[av.VideoFrame]:
    """Decode a complete, undamaged stream, in pieces: coded pictures, or any if not `FRAMED`."""
    decoder = open_decoder(codec, {"idct": "simple"} if codec == "mpeg4" else {})
    if codec in FRAMED:
        packets = [av.Packet(piece) for piece in pieces]
    else:
        packets = [*decoder.parse(b"".join(pieces)), *decoder.parse(b"")]
    for packet in [*packets, None]:
        yield from decoder.decode(packet)


def ivf_units(data: bytes) -> list[bytes]:
    """Return the coded pictures of an IVF file: a header, then 12 bytes before each picture."""
    units = []
    place = int.from_bytes(data[6:8], "little")
    while place < len(data):
        start = place + 12
        place = start + int.from_bytes(data[place : place + 4], "little")
        units.append(data[start:place])
    return units


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
