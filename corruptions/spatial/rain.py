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

import numpy as np

from corruptions.spatial._drops import Scene
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

SLANT = -1

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
    scene = Scene(height, width, count, kept, offset)
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
