"""H.265 at a constant rate factor: larger blocks, smoother failures than H.264.

    y = decode(x265(x, preset medium, CRF c))

CRF holds the perceived quality constant and lets the bit rate follow the content; x265's default
is 28, its worst 51. The preset belongs to the severity: at a fixed CRF, PSNR differs by 1 dB from
preset to preset.

Level: c, CRF of libx265, in [0, 51], fractions allowed.

Nothing is random.

Dialects: the same encoding; the original also encoded the audio again, which no
picture shows.
"""

from corruptions.types import Encoding, Stream

SOURCE = "Mini Kinetics-C / Mini SSV2-C, corruption `h265_crf`"
ACTS_ON = "encoder"
LEVELS = (27, 33, 39, 45, 51)  # libx265 CRF; 51 is the codec's worst


def h265_crf(stream: Stream, level: float) -> Encoding:
    """Return libx265, preset medium, CRF `level` in 0..51; fractions are allowed."""
    if not 0 <= level <= 51:
        raise ValueError(f"{level = } must be in 0..51 for libx265's CRF.")
    return Encoding("libx265", preset="medium", crf=level)
