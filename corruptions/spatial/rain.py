"""Rain: bright streaks in front of a duller scene.

With n = area // D drops, each a line one pixel wide from (px, py) to (px - 1, py + L), and the mask
r = 220/255 on the lines and 0 elsewhere:

    b = blur3x3(x + r (1 - x)(1 - mean(x)))         mean over the frame and its channels
    z = (1 - r) x + r b
    y = (z - mu) q + mu,    mu = mean of z over the frame, per channel

Level: D, pixels of the frame per drop, 1 or more; L, length of a drop in pixels, 0 or more;
q, share of the contrast that is kept, in [0, 1].

Random: the places of the drops, new in every frame; px from 0..W-1, py from 0..H-L-1. A frame no
higher than L has all its drops from row 0.

Dialects: `ours` rounds. `original` cuts wherever it stored whole numbers (the brightened frame and
the result), draws a slant from -10..9 that it used for the range of px only, and cannot work on
frames no higher than L. Both blur in whole numbers (rounded), as OpenCV does.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST
from corruptions.types import Clip, Context, random_uniforms

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, rain"
LEVELS = (  # (D: pixels per drop, L: length in pixels, q: share of contrast that is kept)
    (770, 10, 0.8),
    (770, 30, 0.8),
    (770, 60, 0.7),
    (500, 60, 0.6),
    (400, 80, 0.5),
)

DROP = 220  # grey value of a drop, and its opacity in 255ths
SLANT = -1
VALUES = np.arange(256.0)

Level = tuple[int, int, float]


def rain(clip: Clip, level: Level, context: Context) -> Clip:
    """Add one drop per `level[0]` pixels, `level[1]` long, over `level[2]` of the contrast."""
    return _rain(clip, level, context, NEAREST)


def rain_original(clip: Clip, level: Level, context: Context) -> Clip:
    """Add rain, cut instead of rounded, with the drops of the original's code."""
    if clip.shape[1] <= level[1]:
        raise ValueError(
            f"rain of dialect 'original' needs frames higher than its drops: height "
            f"{clip.shape[1]}, drops of {level[1]}. Use dialect 'ours'."
        )
    return _rain(clip, level, context, CUT)


def _rain(clip: Clip, level: Level, context: Context, offset: float) -> Clip:
    area_per_drop, length, kept = level
    if not (area_per_drop >= 1 and length >= 0 and 0 <= kept <= 1):
        raise ValueError(f"{level = }: need pixels per drop >= 1, length >= 0, contrast in 0..1.")
    wanted = context.wanted(len(clip))
    rainy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    height, width = clip.shape[1:3]
    count = height * width // int(area_per_drop)
    scene = _Scene(height, width, count, kept, offset)
    for out, number in zip(rainy, wanted, strict=True):
        draws = random_uniforms(context.random.frame(int(number)), 2 * count + 1)
        left, right = (0, width) if offset == NEAREST else _span(draws[-1], width)
        ends = scene.lines  # (drop, start or end, x or y)
        ends[:, 0, 0] = np.floor(left + draws[:count] * (right - left))
        ends[:, 0, 1] = draws[count:-1] * max(1, height - length)
        ends[:, 1] = ends[:, 0] + (SLANT, int(length))
        scene.rain_on(clip[number], out)
    return rainy


def _span(draw: float, width: int) -> tuple[int, int]:
    """Return the columns from which the original drew, cut by a slant that it did not use."""
    slant = int(np.floor(draw * 20)) - 10
    return (slant, width) if slant < 0 else (0, max(1, width - slant))


class _Scene:
    """Work space for frames of one size, allocated once and reused."""

    def __init__(self, height: int, width: int, drops: int, kept: float, offset: float) -> None:
        self.kept, self.offset = kept, offset
        self.lines = np.empty((drops, 2, 2), np.int32)
        self.narrow = np.empty((3, height, width, 3), np.uint8)
        self.wide = np.empty((3, height, 3 * width), np.uint16)

    def rain_on(self, frame: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Rain along `lines`."""
        self._dull(frame, self._streaks(frame), out)

    def _streaks(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return b on the lines, x elsewhere. Differences are modulo 256, so they need no sign."""
        mask, lift, streaks = self.narrow
        mask[...] = 0
        if len(self.lines):
            cv2.polylines(mask, list(self.lines), isClosed=False, color=(255, 255, 255))
        share = DROP / 255 * (1 - sum(cv2.sumElems(frame)) / (255 * frame.size))
        if self.offset == NEAREST:  # one product, rounded: the same on any CPU
            cv2.convertScaleAbs(cv2.bitwise_not(frame, streaks), lift, share)
        else:
            cv2.LUT(frame, np.floor(share * (255 - VALUES)).astype(np.uint8), lift)
        lift &= mask
        lift += frame
        cv2.blur(lift, (3, 3), streaks)
        streaks -= frame
        streaks &= mask
        streaks += frame
        return streaks

    def _dull(
        self, frame: NDArray[np.uint8], streaks: NDArray[np.uint8], out: NDArray[np.uint8]
    ) -> None:
        """Composite and shrink contrast, in 16-bit numbers of 1/256 level.

        y = (q - w) x + w b + (1 - q) mu, with w = q 220/255 to the nearest 1/256 and the first
        product in two parts, so that every product fits and dry pixels are exact.
        """
        total, values, rest = self.wide
        sums = zip(cv2.sumElems(frame)[:3], cv2.sumElems(streaks)[:3], strict=True)
        means = np.array([(255 - DROP) * dry + DROP * wet for dry, wet in sums])
        shift = (1 - self.kept) * means / (255 * frame.shape[0] * frame.shape[1]) + self.offset
        total[...] = np.tile((256 * shift).astype(np.uint16), frame.shape[1])
        wet_share = round(self.kept * 256 * DROP / 255)
        high, low = divmod(round(self.kept * 65536) - 256 * wet_share, 256)
        values[...] = streaks.reshape(values.shape)
        values *= np.uint16(wet_share)
        total += values
        values[...] = frame.reshape(values.shape)
        np.multiply(values, np.uint16(low), out=rest)
        rest >>= np.uint16(8)
        total += rest
        values *= np.uint16(high)
        total += values
        total >>= np.uint16(8)
        out.reshape(total.shape)[...] = total
