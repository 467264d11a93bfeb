"""Resolution: a frame filmed or sent too small, enlarged again.

    y = enlarge(reduce(x)),    to max(1, round(c H)) x max(1, round(c W)) pixels and back

Reduced by the mean over areas, enlarged bilinearly in whole numbers (OpenCV's exact one), so that
it is soft; `pixelate` has hard blocks.

Level: c, side of the small frame over that of the frame, in (0, 1].

Nothing is random.
"""

import cv2
import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), resolution "
    "degradation (there 0.1, bicubic); table and interpolation ours"
)
LEVELS = (0.5, 0.35, 0.25, 0.15, 0.1)  # c


def resolution(clip: Clip, share: float, context: Context) -> Clip:
    """Scale to `share` of both sides and back, softly."""
    if not 0 < share <= 1:
        raise ValueError(f"level {share} (share of the frame's side) must be in (0, 1].")
    height, width = clip.shape[1:3]
    small = (max(1, int(width * share + 0.5)), max(1, int(height * share + 0.5)))
    wanted = context.wanted(len(clip))
    soft = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(soft, wanted, strict=True):
        reduced = cv2.resize(clip[number], small, interpolation=cv2.INTER_AREA)
        cv2.resize(reduced, (width, height), out, interpolation=cv2.INTER_LINEAR_EXACT)
    return soft
