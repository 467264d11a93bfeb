"""VP9 at a constant rate factor: web video of the years between H.264 and AV1.

    y = decode(vpx(x, good quality, speed 4, CRF c))

Severity 1 is the CRF that FFmpeg's guide recommends for 1080p video, 31; severity 5 is the codec's
worst, 63, and the others lie between in equal steps, as those of `h264_crf` do for H.264.

Level: c, CRF of libvpx, in [0, 63], whole numbers.

Nothing is random.

Dialects: the same encoding.
"""

from corruptions.types import Encoding, Stream

SOURCE = "Ours: VP9 by the rule of h264_crf; first level after FFmpeg's guide, 31 for 1080p"
ACTS_ON = "encoder"
LEVELS = (31, 39, 47, 55, 63)  # libvpx CRF; 63 is the codec's worst


def vp9_crf(stream: Stream, level: int) -> Encoding:
    """Return libvpx, good quality, speed 4, CRF `level` in 0..63."""
    if not 0 <= level <= 63 or level % 1:
        raise ValueError(f"{level = } must be a whole number in 0..63 for libvpx's CRF.")
    return Encoding("libvpx-vp9", preset="4", crf=level)
