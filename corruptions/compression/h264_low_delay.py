"""H.264 for a call: low delay at a rate that shrinks with the line.

    y = decode(x264(x, preset veryfast, tune zerolatency, average rate r)),  r = c W H fps
    maxrate = r,  bufsize = r / 4

A call cannot wait: no pictures are reordered, the encoder does not look ahead, and its buffer holds
a quarter of a second, so that a scene that moves gets coarse at once. r is rounded down to whole
kbit/s, at least 1. Each severity halves it: at 640 x 360 and 25 frames per second the ladder is
576, 288, 144, 72 and 36 kbit/s.

Level: c, bits per pixel, above 0.

Nothing is random.

Dialects: the same encoding.
"""

from corruptions.types import Encoding, Stream

SOURCE = "Ours: x264 tuned for zero latency, rates halved from step to step"
ACTS_ON = "encoder"
LEVELS = (0.1, 0.05, 0.025, 0.0125, 0.00625)  # c: bits per pixel


def h264_low_delay(stream: Stream, level: float) -> Encoding:
    """Return libx264, preset veryfast, low delay, `level` bits per pixel."""
    if not level > 0:
        raise ValueError(f"{level = } must be above 0: bits per pixel.")
    rate = level * stream.width * stream.height * float(stream.fps)
    kilobits = max(1, int(rate) // 1000)
    return Encoding("libx264", preset="veryfast", bit_rate=1000 * kilobits, low_delay=True)
