"""Encode, damage and decode clips in memory, through FFmpeg's libraries: no files, no processes.

Everything runs on one thread with the encoders' machine-dependent choices switched off, so that
the same frames give the same bytes on every CPU. Frames travel as I420: what the encoders eat.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import av
import av.video
import numpy as np
from av.codec.context import ThreadType
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from corruptions.registry import Corruption
from corruptions.types import (
    Clip,
    Context,
    DamageFunction,
    Encoding,
    EncodingFunction,
    Level,
    Stream,
    UndecodableError,
)

I420 = NDArray[np.uint8]
"""One frame, 8-bit YUV 4:2:0: shape (H * 3 / 2, W), H and W even; Y over U over V."""

MIN_SIDE = 66
"""Least width and height that are encoded; smaller frames repeat their edge up to it. Where a side
is no longer than x265's largest block, 64, its output differs from run to run, and below 64 it
writes past its buffers, which may kill the process."""

DECODERS = {"libx264": "h264", "libx265": "hevc"}

REORDER_DEPTH = 16
"""Pictures that a damaged stream may come out of order by: the decoded picture buffer of H.264."""

CONVERSION = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
"""How swscale converts pixel formats: the flags under which it gives the same pixels on any CPU."""


class Look(NamedTuple):
    """What a decoded picture must look like, and the colour tags that it gets.

    Tags come from the source, not from a stream that has lost them or whose headers are damaged.
    """

    width: int
    height: int
    pix_fmt: str
    colorspace: int
    color_range: int


@dataclass(frozen=True)
class Coded:
    """A coded video stream."""

    codec: str
    """FFmpeg's name of the decoder."""
    units: list[bytes]
    """Coded pictures in coding order."""
    positions: list[int]
    """Position of each unit's picture on the screen, 0 first; -1 if it is never shown."""
    extradata: bytes
    """Parameter sets, known to the decoder beforehand."""
    look: Look

    @property
    def num_frames(self) -> int:
        return 1 + max(self.positions, default=-1)


def encoder_options(encoding: Encoding) -> dict[str, str]:
    """FFmpeg's options of an encoding, for the libraries and the program alike."""
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
    """Encode frames at a constant rate; parameter sets stand in the stream and beside it."""
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
        look=Look(stream.width, stream.height, "yuv420p", Colorspace.ITU601, ColorRange.MPEG),
    )


def decode(codec: str, stream: bytes) -> Iterator[av.VideoFrame]:
    """Decode a whole elementary stream that is sound."""
    decoder = _decoder(codec, {})
    for packet in [*decoder.parse(stream), *decoder.parse(b""), None]:
        yield from decoder.decode(packet)


class Restored(Iterator[av.VideoFrame]):
    """The pictures of a damaged stream: as many as were sent, in order, all of one look.

    `units` takes the place of the sound stream's units. The decoder conceals what it can. Where it
    gives no picture, or one of another size or format, the last good one is repeated (before the
    first good one, that one). Raises UndecodableError if there is none at all.
    """

    def __init__(self, coded: Coded, units: Sequence[bytes]) -> None:
        self.num_frames = coded.num_frames
        self.repeated = 0
        """Frames so far that repeat another one."""
        self._frames = self._restore(coded, units)

    def __next__(self) -> av.VideoFrame:
        return next(self._frames)

    def _restore(self, coded: Coded, units: Sequence[bytes]) -> Iterator[av.VideoFrame]:
        last = None
        shown = 0
        for position, frame in _in_order(_pictures(coded, units)):
            if position < shown:
                continue  # a second picture of one unit, or one that comes too late
            self.repeated += position - shown
            for _ in range(shown, position):
                yield frame if last is None else last
            yield frame
            last, shown = frame, position + 1
        if last is None:
            raise UndecodableError(f"no picture of {len(units)} coded ones could be decoded")
        self.repeated += self.num_frames - shown
        for _ in range(shown, self.num_frames):
            yield last


def _pictures(coded: Coded, units: Sequence[bytes]) -> Iterator[tuple[int, av.VideoFrame]]:
    """What the decoder makes of damaged units: position and picture, in the decoder's order."""
    width, height, pix_fmt, colorspace, color_range = coded.look
    # Damaged headers may declare any size: little more than the true one (decoders pad their
    # pictures) is refused before it takes memory.
    pixels = (width + 256) * (height + 256)
    decoder = _decoder(
        coded.codec,
        {
            "ec": "guess_mvs+deblock",
            "flags": "+output_corrupt",
            "flags2": "+showall",
            "max_pixels": str(pixels),
        },
    )
    if coded.extradata:
        decoder.extradata = coded.extradata
    for position, unit in [*zip(coded.positions, units, strict=True), (-1, None)]:
        packet = None
        if unit is not None:
            if not unit:
                continue  # an empty packet would end the stream
            packet = av.Packet(unit)
            packet.pts = position if position >= 0 else None
        try:
            frames = decoder.decode(packet)
        except MemoryError:
            raise  # the machine's error: a picture concealed for it would be wrong
        except av.FFmpegError:
            continue  # not even a part of this unit makes sense
        for frame in frames:
            if (
                frame.pts is not None
                and 0 <= frame.pts < coded.num_frames
                and (frame.width, frame.height, frame.format.name) == (width, height, pix_fmt)
            ):
                frame.colorspace, frame.color_range = colorspace, color_range
                yield frame.pts, frame


def _in_order(
    pictures: Iterator[tuple[int, av.VideoFrame]],
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Sort by position, holding few pictures at a time."""
    heap: list[tuple[int, int, av.VideoFrame]] = []
    for count, (position, frame) in enumerate(pictures):
        heapq.heappush(heap, (position, count, frame))
        if len(heap) > REORDER_DEPTH:
            position, _, frame = heapq.heappop(heap)
            yield position, frame
    while heap:
        position, _, frame = heapq.heappop(heap)
        yield position, frame


def _decoder(codec: str, options: dict[str, str]) -> av.video.codeccontext.VideoCodecContext:
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.video.codeccontext.VideoCodecContext)  # noqa: S101 - video only
    decoder.thread_type = ThreadType.NONE
    decoder.thread_count = 1  # damaged pictures depend on the number of threads
    decoder.options = options
    return decoder


def _parameter_sets(unit: bytes) -> bytes:
    """SPS and PPS of an H.264 access unit in Annex B."""
    start = b"\0\0\1"
    nals = (nal.rstrip(b"\0") for nal in unit.split(start)[1:])
    return b"".join(b"\0" + start + nal for nal in nals if nal and nal[0] & 31 in (7, 8))


def repeated_to_minimum(side: int) -> int:
    """Width or height at which a frame of even width or height is encoded."""
    return max(MIN_SIDE, side)


def crop(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """The left upper part of a 4:2:0 frame, of even size."""
    if (frame.width, frame.height) == (width, height):
        return frame
    return av.VideoFrame.from_ndarray(i420(frame, width, height), format="yuv420p")


def look_of(frame: av.VideoFrame) -> Look:
    """Size, format and colour tags of a picture."""
    full = frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    return Look(
        frame.width,
        frame.height,
        frame.format.name,
        int(frame.colorspace),
        int(ColorRange.JPEG if full else ColorRange.MPEG),
    )


def planar(frame: av.VideoFrame) -> av.VideoFrame:
    """A frame as 8-bit YUV 4:2:0 of the same size.

    8-bit 4:2:0 frames keep their values, whatever range and matrix they have; others are converted
    with CONVERSION: YUV keeps range and matrix, RGB becomes BT.601 limited range.
    """
    if frame.format.name in ("yuv420p", "yuvj420p"):
        return frame
    return frame.reformat(
        format="yuv420p",
        interpolation=CONVERSION,
        dst_colorspace=Colorspace.ITU601 if frame.format.is_rgb else None,
        dst_color_range=look_of(frame).color_range if not frame.format.is_rgb else ColorRange.MPEG,
        threads=1,
    )


def i420(frame: av.VideoFrame, width: int, height: int) -> I420:
    """The planes of a 4:2:0 frame, cropped or its edge repeated to an even size."""
    luma, *chroma = frame.planes
    planes = [
        _plane(luma, width, height),
        *(_plane(plane, width // 2, height // 2) for plane in chroma),
    ]
    return np.concatenate([plane.ravel() for plane in planes]).reshape(-1, width)


def _plane(plane: av.video.plane.VideoPlane, width: int, height: int) -> NDArray[np.uint8]:
    values = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    values = values[: min(height, plane.height), : min(width, plane.width)]
    rows, columns = values.shape
    if (rows, columns) != (height, width):
        values = np.pad(values, ((0, height - rows), (0, width - columns)), mode="edge")
    return values


def corrupt_clip(corruption: Corruption, clip: Clip, level: Level, context: Context) -> Clip:
    """Corrupt a clip that is in memory with a corruption of the compression family.

    The clip (T, H, W, 3) becomes BT.601 limited-range YUV 4:2:0 at its own size (an odd side, or
    one below MIN_SIDE, repeats its edge, and the result is cropped back), is encoded, damaged and
    decoded, and comes back as RGB with the same size and the same number of frames; then the frames
    that `context` wants are taken. The clip has no file, so corruptions that damage a stream always
    damage that of their CARRIER, and the bit rate of the source is that of their REFERENCE. (The
    pipeline has the file: it encodes the source at its native size, before it is made smaller, so
    what it stores is not what this makes of the smaller clip.)

    Raises UndecodableError if nothing is left of the stream.
    """
    num_frames, height, width, _ = clip.shape
    stream = Stream(
        width=repeated_to_minimum(width + width % 2),
        height=repeated_to_minimum(height + height % 2),
        fps=context.fps,
        num_frames=num_frames,
        bit_rate=0,
    )
    if num_frames == 0:
        return clip.copy()
    module = corruption.module
    if corruption.acts_on == "stream":
        coded = encode(_planes_of(clip, stream), stream, module.CARRIER)
        units, _ = cast(DamageFunction, corruption.function)(coded.units, level, context)
        pictures: Iterator[av.VideoFrame] = Restored(coded, units)
    else:
        reference = getattr(module, "REFERENCE", None)
        if reference is not None:
            coded = encode(_planes_of(clip, stream), stream, reference)
            bits = 8 * sum(len(unit) for unit in coded.units)
            stream = replace(stream, bit_rate=int(bits * stream.fps / num_frames))
        encoding = cast(EncodingFunction, corruption.function)(stream, level)
        coded = encode(_planes_of(clip, stream), stream, encoding)
        pictures = decode(coded.codec, b"".join(coded.units))
    result = np.stack([_rgb(picture)[:height, :width] for picture in pictures])
    return result[context.wanted(num_frames)]


def _planes_of(clip: Clip, stream: Stream) -> Iterator[I420]:
    for image in clip:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        yield i420(planar(frame), stream.width, stream.height)


def _rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    image = frame.reformat(
        format="rgb24",
        src_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.MPEG,
        interpolation=CONVERSION,
        threads=1,
    )
    return np.asarray(image.to_ndarray(), np.uint8)
