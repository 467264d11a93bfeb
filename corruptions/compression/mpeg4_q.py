"""MPEG-4 Part 2 at a fixed quantiser: the blocks of old cameras, phones and DivX files.

    y = decode(mpeg4(x, quantiser scale q in all pictures))

The codec quantises the DCT of 8 x 8 blocks, has no filter at their edges and predicts motion to
half pixels, so that coarse quantisation shows as blocks. FFmpeg's encoder `mpeg4`, one reference
picture, no B pictures, with the integer DCT and the plain inverse DCT, the same on every CPU.

Level: q, quantiser scale, whole, in 1..31.

Nothing is random.

Dialects: the same encoding.
"""

from corruptions.types import Encoding, Stream

SOURCE = "Ours: FFmpeg's mpeg4, quantiser from its guide's best usual value, 3, to its worst, 31"
ACTS_ON = "encoder"
LEVELS = (3, 10, 17, 24, 31)  # quantiser scale; 31 is the codec's worst


def mpeg4_q(stream: Stream, level: int) -> Encoding:
    """Return MPEG-4 Part 2 with the quantiser scale `level` in 1..31 in all pictures."""
    if not 1 <= level <= 31 or level % 1:
        raise ValueError(f"{level = } must be a whole number in 1..31: MPEG-4's quantiser scale.")
    return Encoding("mpeg4", preset="", quantiser=int(level))
