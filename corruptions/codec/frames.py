"""Video frames as 8-bit YUV 4:2:0: format, conversion, cropping and padding."""

from typing import NamedTuple

import av
import av.video
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

I420 = NDArray[np.uint8]
"""One frame, 8-bit YUV 4:2:0: shape (H * 3 / 2, W), H and W even; Y over U over V."""


MIN_SIDE = 66
"""Least width and height that are encoded; smaller frames repeat their edge up to it. Where a side
is no longer than x265's largest block, 64, its output differs from run to run, and below 64 it
writes past its buffers, which may kill the process."""


CONVERSION = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
"""How swscale converts pixel formats: the flags under which it gives the same pixels on any CPU."""


class FrameFormat(NamedTuple):
    """Format that a decoded picture must have, and the colour tags that it is given.

    Tags come from the source, not from a stream that has lost them or whose headers are damaged.
    """

    width: int
    height: int
    pix_fmt: str
    colorspace: int
    color_range: int


def repeated_to_minimum(side: int) -> int:
    """Return the width or height at which a frame of even width or height is encoded."""
    return max(MIN_SIDE, side)


def crop(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """Return the upper left part of a 4:2:0 frame, of any size."""
    if (frame.width, frame.height) == (width, height):
        return frame
    part = av.VideoFrame(width, height, "yuv420p")
    for plane, whole in zip(part.planes, frame.planes, strict=True):
        values = np.zeros((plane.height, plane.line_size), np.uint8)
        values[:, : plane.width] = _plane(whole, plane.width, plane.height)
        plane.update(values.tobytes())
    return part


def format_of(frame: av.VideoFrame) -> FrameFormat:
    """Return size, format and colour tags of a picture."""
    full = frame.format.name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
    return FrameFormat(
        frame.width,
        frame.height,
        frame.format.name,
        int(frame.colorspace),
        int(ColorRange.JPEG if full else ColorRange.MPEG),
    )


def planar(frame: av.VideoFrame) -> av.VideoFrame:
    """Return a frame as 8-bit YUV 4:2:0 of the same size.

    8-bit 4:2:0 frames keep their values, whatever range and matrix they have; others are converted
    with CONVERSION: YUV keeps range and matrix, RGB becomes BT.601 limited range.
    """
    if frame.format.name in ("yuv420p", "yuvj420p"):
        return frame
    return frame.reformat(
        format="yuv420p",
        interpolation=CONVERSION,
        dst_colorspace=Colorspace.ITU601 if frame.format.is_rgb else None,
        dst_color_range=format_of(frame).color_range
        if not frame.format.is_rgb
        else ColorRange.MPEG,
        threads=1,
    )


def i420(frame: av.VideoFrame, width: int, height: int) -> I420:
    """Return the planes of a 4:2:0 frame, cropped or with its edge repeated to an even size."""
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
