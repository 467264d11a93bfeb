"""Dialect `original`: what the benchmark's own loader and writer did to the pixel corruptions.

Its loader left out the first and the last frame of every clip, its functions cut values to whole
numbers instead of rounding (those are the `<name>_original`), and its writer stored every frame as
JPEG of quality 80, 4:2:0, which takes away 23 to 30 % of shot noise. Frame rate was a whole-video
corruption there: neither its loader nor its writer saw it.
"""

import cv2
import numpy as np

from corruptions.types import Clip, Context, Level, PixelFunction

THROUGH_LOADER = (
    "shot_noise",
    "fog",
    "rain",
    "contrast",
    "brightness",
    "saturate",
    "motion_blur",
)
WHOLE_VIDEO = ("frame_rate",)

JPEG = (
    cv2.IMWRITE_JPEG_QUALITY,
    80,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
)


def frames_loaded(name: str, num_frames: int) -> int:
    """Return how many frames of a clip reached a corruption of the original."""
    return max(0, num_frames - 2) if name in THROUGH_LOADER else num_frames


def corrupt_as_original(
    name: str, function: PixelFunction, clip: Clip, level: Level, context: Context
) -> Clip:
    """Load, corrupt and store as the original did; a clip it lost (T <= 2) is returned empty."""
    if name not in THROUGH_LOADER + WHOLE_VIDEO:
        raise ValueError(
            f"{name!r} is not one of the original benchmark's corruptions; use dialect 'ours'."
        )
    if name in WHOLE_VIDEO:
        return function(clip, level, context)
    loaded = clip[1:-1]
    if not len(loaded):
        return loaded.copy()
    return _store(function(loaded, level, context))


def _store(clip: Clip) -> Clip:
    stored = np.empty_like(clip)
    for index, frame in enumerate(clip):
        _, code = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), JPEG)
        stored[index] = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))[..., ::-1]
    return stored
