"""Rain: bright streaks in front of a duller scene.

With n = area // D drops, each a line one pixel wide from (px, py) to (px - 1, py + L), and the mask
r = 220/255 on the lines and 0 elsewhere:

    b = blur3x3(x + r (1 - x)(1 - mean(x)))         mean over the frame and its channels
    z = (1 - r) x + r b
    y = (z - mu) q + mu,    mu = mean of z over the frame, per channel

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
    """Rain of one drop per `level[0]` pixels, `level[1]` long, over `level[2]` of the contrast."""
    return _rain(clip, level, context, NEAREST)


def rain_original(clip: Clip, level: Level, context: Context) -> Clip:
    """As `rain`, cut instead of rounded, drops as unevenly spread as there."""
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
    for out, number in zip(rainy, wanted, strict=True):
        frame = clip[number]
        draws = random_uniforms(context.random.frame(int(number)), 2 * count + 1)
        left, right = (0, width) if offset == NEAREST else _span(draws[-1], width)
        px = np.floor(left + draws[:count] * (right - left)).astype(np.int32)
        py = np.floor(draws[count:-1] * max(1, height - length)).astype(np.int32)
        streaks = _streaks(frame, px, py, int(length), offset)
        _dull(frame, streaks, kept, offset, out)
    return rainy


def _span(draw: float, width: int) -> tuple[int, int]:
    """Columns from which the original drew: cut by the slant that it then did not use."""
    slant = int(np.floor(draw * 20)) - 10
    return (slant, width) if slant < 0 else (0, max(1, width - slant))


def _streaks(
    frame: NDArray[np.uint8],
    px: NDArray[np.int32],
    py: NDArray[np.int32],
    length: int,
    offset: float,
) -> NDArray[np.uint8]:
    """Give b on the lines, x elsewhere."""
    mask = np.zeros(frame.shape[:2], np.uint8)
    lines = np.stack([px, py, px + SLANT, py + length], axis=1).reshape(-1, 2, 2)
    if len(lines):
        cv2.polylines(mask, list(lines), isClosed=False, color=1)
    mean = sum(cv2.sumElems(frame)) / frame.size  # whole sums: exact
    lifted = VALUES + np.floor(DROP * (1 - VALUES / 255) * (1 - mean / 255) + offset)
    brightened = frame.copy()
    cv2.copyTo(cv2.LUT(frame, lifted.astype(np.uint8)), mask, brightened)
    streaks = frame.copy()
    cv2.copyTo(cv2.blur(brightened, (3, 3)), mask, streaks)
    return streaks


def _dull(
    frame: NDArray[np.uint8],
    streaks: NDArray[np.uint8],
    kept: float,
    offset: float,
    out: NDArray[np.uint8],
) -> None:
    """Composite and shrink contrast: 255 z is a whole number of 16 bits, y then one of 32."""
    rows = (frame.shape[0], -1)
    mixed = frame.reshape(rows).astype(np.uint16)
    mixed *= np.uint16(255 - DROP)
    mixed += streaks.reshape(rows) * np.uint16(DROP)
    sums = [
        (255 - DROP) * of_frame + DROP * of_streaks
        for of_frame, of_streaks in zip(cv2.sumElems(frame), cv2.sumElems(streaks), strict=True)
    ]
    means = np.array(sums[:3]) / (255 * frame.shape[0] * frame.shape[1])
    level = 1 << 24  # one grey level
    shift = np.floor(((1 - kept) * means + offset) * level).astype(np.uint32)
    values = mixed.astype(np.uint32)
    values *= np.uint32(kept * level / 255)
    values += np.tile(shift, frame.shape[1])
    values >>= np.uint32(24)
    out.reshape(rows)[...] = values
