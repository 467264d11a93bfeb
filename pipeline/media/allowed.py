"""Containers, protocols and decoders of FFmpeg that may read a source.

Source videos can come from anyone, so that only what videos of data sets use is opened.
"""

from ..errors import ClipError

CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg"
"""FFmpeg's demuxers that may open a source: containers that hold their pictures themselves. Others
(playlists, concat scripts, SDP, image patterns) name further files or addresses, which FFmpeg would
open whatever the extension of the file."""

PROTOCOLS = "file"

DECODERS = (
    *("h264", "hevc", "libdav1d", "vp9", "vp8"),  # the web
    *("mpeg4", "msmpeg4", "msmpeg4v1", "msmpeg4v2", "mpeg1video", "mpeg2video"),  # DivX, discs
    *("wmv1", "wmv2", "wmv3", "vc1", "flv", "vp6", "vp6f", "h263", "h263i", "theora"),  # older web
    *("mjpeg", "dvvideo", "prores", "dnxhd", "svq1", "svq3", "cinepak", "indeo5"),  # cameras
    *("ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo"),  # without loss
)
"""FFmpeg's decoders that may read a source: those of the codecs that videos of data sets have."""


def check_decoder(name: str) -> None:
    """Raise ClipError unless a decoder is on the list."""
    if name not in DECODERS:
        raise ClipError(f"decoder {name} is not on the list of those that may be used")
