"""Contrast: haze, backlight or a flat camera profile bring all values near their mean.

    y = (x - mu) c + mu,    mu = mean of x over the frame, per channel

Level: c, what is left of the distance from the mean, 0 or more.

Nothing is random.

Dialects: `ours` rounds 255 y to the nearest whole number, `original` cuts it.
"""

from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._channel_shift import ChannelShift
from corruptions.spatial._rounding import CUT, NEAREST, to_uint8
from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, contrast; after Hendrycks and Dietterich"
LEVELS = (0.5, 0.4, 0.3, 0.2, 0.1)  # c: what is left of the distance from the mean

VALUES = np.arange(256.0)[:, None]


def contrast(clip: Clip, kept: float, context: Context) -> Clip:
    """Shrink contrast to the share `kept` (above 1: stretch it)."""
    return _shrink(clip, kept, context, NEAREST)


def contrast_original(clip: Clip, kept: float, context: Context) -> Clip:
    """Shrink contrast to the share `kept`, cut instead of rounded."""
    return _shrink(clip, kept, context, CUT)


def _shrink(clip: Clip, kept: float, context: Context, offset: float) -> Clip:
    if not kept >= 0:
        raise ValueError(f"level {kept} (share of contrast that is kept) must be 0 or more.")
    wanted = context.wanted(len(clip))
    flat = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    pixels = clip.shape[1] * clip.shape[2]
    shrink = _Shrink(kept, clip.shape[1], clip.shape[2])
    for out, number in zip(flat, wanted, strict=True):
        frame = clip[number]
        sums = cv2.sumElems(frame)[:3]  # whole numbers: exact
        shifts = [(1 - kept) * (total / pixels) for total in sums]
        if not shrink.over(frame, [shift + offset for shift in shifts], out):
            cv2.LUT(frame, to_uint8(VALUES * kept + shifts, offset)[None], out)
    return flat


class _Shrink:
    """Map x -> floor(k/d x + shift) in 16-bit numbers, as (k x + floor(d shift)) // d."""

    def __init__(self, kept: float, height: int, width: int) -> None:
        share = Fraction(float(kept)).limit_denominator(256) if kept <= 1 else Fraction(0)
        self.is_ratio = float(share) == kept
        self.times, self.parts = np.uint16(share.numerator), np.uint16(share.denominator)
        self.work = np.empty((height, 3 * width), np.uint16)
        self.shift = ChannelShift(height, width)

    def over(self, frame: NDArray[np.uint8], shifts: list[float], out: NDArray[np.uint8]) -> bool:
        """Write to `out`; return False if float64 may round a value otherwise than exactly."""
        scaled = [int(self.parts) * shift for shift in shifts]
        if not self.is_ratio or any(abs(value - round(value)) < 1e-6 for value in scaled):
            return False
        work = self.work
        work[...] = frame.reshape(work.shape)
        if self.times != 1:
            work *= self.times
        self.shift.add_to(work, scaled)
        work //= self.parts
        out.reshape(work.shape)[...] = work
        return True
