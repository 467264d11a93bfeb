"""H.264 at a fraction of the source's bit rate: a video squeezed through a thin line.

    y = decode(x264(x, preset medium, average rate r)),  r = R / c
    maxrate = bufsize = r

R is the bit rate of the source's video stream alone, in bit/s. Encoders count in kbit/s, so r is
rounded down to whole kbit/s, at least 1.

Level: c, the source's bit rate over the target's, above 0.

Nothing is random.

Dialects: `original` takes for R the rate of the container, audio and overhead
included, so its r is higher by what the sound costs. (It also encoded the audio again, which no
picture shows.)
"""

from corruptions.types import Encoding, Stream

SOURCE = "Mini Kinetics-C / Mini SSV2-C, corruption `h264_abr`"
ACTS_ON = "encoder"
LEVELS = (2, 4, 8, 16, 32)  # source rate over target rate
REFERENCE = Encoding("libx264", preset="medium", crf=23)
"""Encoding whose bit rate is taken for the source's where a clip is an array."""


def h264_abr(stream: Stream, level: float) -> Encoding:
    """Return libx264, preset medium, the video stream's rate divided by `level`."""
    return _encoding(stream.bit_rate, level)


def h264_abr_original(stream: Stream, level: float) -> Encoding:
    """Return libx264, preset medium, the container's rate divided by `level`."""
    return _encoding(stream.container_bit_rate or stream.bit_rate, level)


def _encoding(bit_rate: int, level: float) -> Encoding:
    if not level > 0:
        raise ValueError(f"{level = } must be above 0: the target is the source's rate / level.")
    kilobits = max(1, int(bit_rate / level) // 1000)
    return Encoding("libx264", preset="medium", bit_rate=1000 * kilobits)
