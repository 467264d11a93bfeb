"""AV1 at a constant rate factor: what video platforms send today.

    y = decode(svt(x, preset 8, CRF c))

SVT-AV1's default is CRF 35, its worst 63; the severities go from one to the other in equal steps,
as those of `h264_crf` do for H.264. On one logical processor the encoder gives the same bytes at
every instruction set; with more it does not, so one is used. The library that is in PyAV encodes,
in the pipeline too: the ffmpeg program's encoder is of another version and gives other bytes. Clips
of more than 240 frames per second are encoded as if they had 240.

Level: c, CRF of SVT-AV1, in [0, 63], whole numbers.

Nothing is random.

Dialects: the same encoding.
"""

from corruptions.types import Encoding, Stream

SOURCE = (
    "Ours: AV1 by the rule of h264_crf, from the encoder's default CRF to its worst in equal steps"
)
ACTS_ON = "encoder"
LEVELS = (35, 42, 49, 56, 63)  # SVT-AV1 CRF; 63 is the codec's worst


def av1_crf(stream: Stream, level: int) -> Encoding:
    """Return SVT-AV1, preset 8, CRF `level` in 0..63."""
    if not 0 <= level <= 63 or level % 1:
        raise ValueError(f"{level = } must be a whole number in 0..63 for SVT-AV1's CRF.")
    return Encoding("libsvtav1", preset="8", crf=level)
