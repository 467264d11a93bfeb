"""Falling rain: the drops of `rain`, but every drop falls through the frames.

Every frame is rained on as in `rain`, with the mask r = 220/255 on the lines of the drops. A drop
is a line one pixel wide from (px, py) to (px - 1, py + L), with

    py = (u P + f v t) mod P - L,    P = H + L

at time t, from above the frame to below it, and then again in another column px. As many drops are
in a frame as in `rain`, on average. (A camera does not see other drops in every frame, as it does
in `rain`.)

Level: D, pixels of the frame per drop, 1 or more; L, length of a drop in pixels, 0 or more;
q, share of the contrast that is kept, in [0, 1]; v, speed in pixels per second, in [0, 100000].

Random: u, uniform in [0, 1), f, uniform in [0.8, 1.2), and the columns, per drop and clip.
"""

import numpy as np

from corruptions.spatial._drops import Scene
from corruptions.spatial._rounding import NEAREST
from corruptions.types import Clip, Context, random_uniforms

SOURCE = "After Yi et al., NeurIPS Datasets and Benchmarks 2021, rain; the fall is ours"
LEVELS = (  # (D: pixels per drop, L: length in pixels, q: contrast that is kept, v: pixels/second)
    (770, 10, 0.8, 250.0),
    (770, 30, 0.8, 750.0),
    (770, 60, 0.7, 1500.0),
    (500, 60, 0.6, 1500.0),
    (400, 80, 0.5, 2000.0),
)

MOST_SPEED = 100_000.0
SLANT = -1
PACES = (0.8, 1.2)
COLUMNS = 64  # of a drop, one after the other, then from the first again

Level = tuple[int, int, float, float]


def falling_rain(clip: Clip, level: Level, context: Context) -> Clip:
    """Let drops of `level[1]` pixels fall at `level[3]` pixels per second."""
    area_per_drop, length, kept, speed = level
    if not (area_per_drop >= 1 and length >= 0 and 0 <= kept <= 1):
        raise ValueError(f"{level = }: need pixels per drop >= 1, length >= 0, contrast in 0..1.")
    if not 0 <= speed <= MOST_SPEED:
        raise ValueError(f"{level = }: the speed must be in 0..{MOST_SPEED:.0f} pixels per second.")
    height, width = clip.shape[1:3]
    path = height + int(length)
    count = width * path // int(area_per_drop)
    draws = random_uniforms(context.random.clip(), (2 + COLUMNS) * count)
    draws = draws.reshape(2 + COLUMNS, count)
    starts = draws[0] * path
    paces = speed * (PACES[0] + (PACES[1] - PACES[0]) * draws[1])
    columns = (draws[2:] * width).astype(np.int32)
    drops = np.arange(count)
    scene = Scene(height, width, count, kept, NEAREST)
    wanted = context.wanted(len(clip))
    rainy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(rainy, wanted, strict=True):
        ways = starts + paces * (int(number) / float(context.fps))
        times = np.floor(ways / path).astype(np.intp)
        ends = scene.lines  # (drop, start or end, x or y)
        ends[:, 0, 0] = columns[times % COLUMNS, drops]
        ends[:, 0, 1] = np.floor(ways - times * path) - int(length)
        ends[:, 1] = ends[:, 0] + (SLANT, int(length))
        scene.rain_on(clip[number], out)
    return rainy
