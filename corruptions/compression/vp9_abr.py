"""VP9 at a fraction of the source's bit rate: a thin line with the codec of the browsers.

    y = decode(vpx(x, good quality, speed 4, average rate r)),  r = R / c
    maxrate = bufsize = r

R is the bit rate of the source's video stream alone, in bit/s. r is rounded down to whole kbit/s,
at least 1. In one pass the encoder finds its rate only after some seconds: short clips need more
than r.

Level: c, the source's bit rate over the target's, above 0.

Nothing is random.

Dialects: the same encoding.
"""

from corruptions.types import Encoding, Stream

SOURCE = "Ours: VP9 by the rule and the levels of h264_abr"
ACTS_ON = "encoder"
LEVELS = (2, 4, 8, 16, 32)  # source rate over target rate
REFERENCE = Encoding("libx264", preset="medium", crf=23)
"""Encoding whose bit rate is taken for the source's where a clip is an array."""


def vp9_abr(stream: Stream, level: float) -> Encoding:
    """Return libvpx, good quality, speed 4, the video stream's rate divided by `level`."""
    if not level > 0:
        raise ValueError(f"{level = } must be above 0: the target is the source's rate / level.")
    kilobits = max(1, int(stream.bit_rate / level) // 1000)
    return Encoding("libvpx-vp9", preset="4", bit_rate=1000 * kilobits)
