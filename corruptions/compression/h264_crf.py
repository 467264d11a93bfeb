"""H.264 at a constant rate factor: the artefacts of ordinary web video.

    y = decode(x264(x, preset medium, CRF c))

CRF holds the perceived quality constant and lets the bit rate follow the content; x264's default
is 23, its worst 51. The preset belongs to the severity: at a fixed CRF, PSNR differs by 1 dB from
preset to preset.

Level: c, CRF of libx264, in [0, 51], fractions allowed.

Nothing is random.

Dialects: the same encoding; the original also encoded the audio again, which no
picture shows.
"""

from corruptions.types import Encoding, Stream

SOURCE = "Mini Kinetics-C / Mini SSV2-C, corruption `h264_crf`"
ACTS_ON = "encoder"
LEVELS = (23, 30, 37, 44, 51)  # libx264 CRF; 51 is the codec's worst


def h264_crf(stream: Stream, level: float) -> Encoding:
    """Return libx264, preset medium, CRF `level` in 0..51; fractions are allowed."""
    if not 0 <= level <= 51:
        raise ValueError(f"{level = } must be in 0..51 for libx264's CRF.")
    return Encoding("libx264", preset="medium", crf=level)
