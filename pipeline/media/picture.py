"""Facts about the pictures of a source: orientation, colour tags, interlacing."""

from dataclasses import dataclass

import av

from .info import SourceInfo
from .orientation import Orientation, orientation_of

RANGES = {1: "tv", 2: "pc"}
SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c",
    14: "ictcp", 15: "ipt-c2", 16: "ycgco-re", 17: "ycgco-ro",
}  # fmt: skip
TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100",
    10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10",
    15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
"""FFmpeg's names of the code points of ITU-T H.273; others are "unknown"."""

FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}

HDR = ("smpte2084", "arib-std-b67")
"""Transfer characteristics of high dynamic range: PQ and HLG."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class PictureFacts:
    """Picture geometry of a source, from its first frame."""

    orientation: Orientation
    color_range: str
    color_space: str
    color_transfer: str
    color_primaries: str
    interlaced: bool


def facts_of(frame: av.VideoFrame) -> PictureFacts:
    """Return the facts of a decoded frame."""
    return PictureFacts(
        orientation=orientation_of(frame),
        color_range=RANGES.get(int(frame.color_range), UNKNOWN),
        color_space=SPACES.get(int(frame.colorspace), UNKNOWN),
        color_transfer=TRANSFERS.get(int(frame.color_trc), UNKNOWN),
        color_primaries=PRIMARIES.get(int(frame.color_primaries), UNKNOWN),
        interlaced=frame.interlaced_frame,
    )


def field_order(video: SourceInfo, picture: PictureFacts) -> str:
    """Return the order of the fields in FFmpeg's words; "interlaced" if only that is known."""
    order = FIELD_ORDERS.get(video.field_order, UNKNOWN)
    return "interlaced" if picture.interlaced and order in (UNKNOWN, "progressive") else order
