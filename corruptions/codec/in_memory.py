"""Compression corruptions of a clip that is in memory."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import av
import av.video
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from corruptions.codec.coding import decode, encode
from corruptions.codec.concealment import ConcealedStream
from corruptions.codec.frames import CONVERSION, I420, i420, planar, repeated_to_minimum
from corruptions.registry import Corruption
from corruptions.types import (
    Clip,
    Context,
    DamageFunction,
    EncodingFunction,
    Level,
    Stream,
)


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
        pictures: Iterator[av.VideoFrame] = ConcealedStream(coded, units)
    else:
        reference = getattr(module, "REFERENCE", None)
        if reference is not None:
            coded = encode(_planes_of(clip, stream), stream, reference)
            bits = 8 * sum(len(unit) for unit in coded.units)
            stream = replace(stream, bit_rate=int(bits * stream.fps / num_frames))
        encoding = cast(EncodingFunction, corruption.function)(stream, level)
        coded = encode(_planes_of(clip, stream), stream, encoding)
        pictures = decode(coded.codec, coded.units)
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
