"""JPEG: every frame is stored as a poor picture.

    y = decode(JPEG(x, quality q)),    colour 4:2:0

q is the usual quality, that of the Independent JPEG Group (IJG).

Level: q, quality on the IJG scale, whole, in 1..100.

Nothing is random.
"""

import cv2
import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "Lin et al., Video Test-Time Adaptation for Action Recognition (CVPR 2023), JPEG compression; "
    "table of Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = (25, 18, 15, 10, 7)  # q: quality


def jpeg(clip: Clip, quality: int, context: Context) -> Clip:
    """Store every frame at JPEG `quality`."""
    if quality != int(quality) or not 1 <= quality <= 100:
        raise ValueError(f"level {quality} (JPEG quality) must be a whole number in 1..100.")
    wanted = context.wanted(len(clip))
    stored = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    settings = (
        cv2.IMWRITE_JPEG_QUALITY,
        int(quality),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    )
    for out, number in zip(stored, wanted, strict=True):
        _, code = cv2.imencode(".jpg", cv2.cvtColor(clip[number], cv2.COLOR_RGB2BGR), settings)
        out[...] = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))[..., ::-1]
    return stored
