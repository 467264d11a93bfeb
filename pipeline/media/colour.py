"""Colours of decoded frames: matrices that can be converted, and limited-range grey."""

import av
import numpy as np
from av.video.reformatter import ColorRange

from ..errors import ClipError

CONVERTIBLE = frozenset({0, 1, 2, 4, 5, 6, 7, 9})
"""Colour matrices that swscale converts, by their number in ITU-T H.273: RGB, BT.709, unspecified,
FCC, BT.470BG, SMPTE 170M, SMPTE 240M and BT.2020 with non-constant luminance."""

MATRICES = {
    3: "reserved",
    8: "YCgCo",
    10: "BT.2020 constant luminance",
    11: "SMPTE ST 2085",
    12: "chromaticity-derived non-constant luminance",
    13: "chromaticity-derived constant luminance",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
"""The others."""

LIMITED_BY_DEFAULT = frozenset({"h264", "hevc", "av1", "libdav1d", "vp9"})
"""Decoders of codecs whose values are of limited range where the stream does not say."""

GREYS = {"gray": "yuv420p", "gray10le": "yuv420p10le", "gray12le": "yuv420p12le"}
"""Monochrome formats, and those with chroma that have the same luma."""


def check_matrix(frame: av.VideoFrame) -> None:
    """Raise ClipError if the colour matrix of a frame cannot be converted to RGB."""
    matrix = int(frame.colorspace)
    if matrix not in CONVERTIBLE and not frame.format.is_rgb:
        name = MATRICES.get(matrix, f"number {matrix}")
        raise ClipError(f"unsupported colour matrix: {name}")


def with_chroma(frame: av.VideoFrame, codec: str) -> av.VideoFrame:
    """Return a monochrome frame of limited range as YUV 4:2:0 with neutral chroma.

    swscale takes every monochrome frame for one of full range. Other frames are returned as they
    are.
    """
    name = GREYS.get(frame.format.name)
    limited = frame.color_range == ColorRange.MPEG or (
        frame.color_range == ColorRange.UNSPECIFIED and codec in LIMITED_BY_DEFAULT
    )
    if name is None or not limited:
        return frame
    bits = frame.format.components[0].bits
    kind = np.uint8 if bits == 8 else np.dtype("<u2")
    made = av.VideoFrame(frame.width, frame.height, name)
    for number, plane in enumerate(made.planes):
        values = np.full(plane.buffer_size // np.dtype(kind).itemsize, 1 << bits - 1, kind)
        rows = values.reshape(plane.height, -1)
        if number == 0:
            luma = np.frombuffer(memoryview(frame.planes[0]), kind)
            luma = luma.reshape(frame.planes[0].height, -1)
            rows[:, : plane.width] = luma[:, : plane.width]
        plane.update(rows.tobytes())
    made.pts, made.time_base = frame.pts, frame.time_base
    made.colorspace, made.color_range = frame.colorspace, ColorRange.MPEG
    return made
