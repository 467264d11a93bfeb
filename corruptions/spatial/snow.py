"""Snow: flakes across the picture, a brighter and paler scene behind them.

    y = min(1, b x + (1 - b) max(x, 1.5 G(x) + 0.5) + f + F)

with G(x) the grey value, f a map of flakes and F the same map turned by 180 degrees. A flake map is
made of independent normal numbers of mean m and deviation d, enlarged z times (bilinear), limited
to 1, set to 0 below the threshold t and blurred along an angle from -135 to -45 degrees by
ImageMagick's one-sided kernel of radius r and sigma s.

Level: m, mean of the map, any number; d, deviation of the map, 0 or more; z, enlargement of the
map, in [1, 100]; t, threshold, any number; r, radius of the blur in pixels, whole, in 0..200;
s, sigma of the blur in pixels, above 0; b, share of the scene that is kept as it is, in [0, 1].

Random: the angle, per clip; the flakes, new in every frame. (`falling_snow` has flakes that fall.)
"""

import math

import numpy as np

from corruptions.spatial._flakes import UNIT, Places, Scene, flakes
from corruptions.spatial._normal import normals
from corruptions.spatial._streak import streaked, taps
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), snow, in the sizes of the imagecorruptions package (any size of "
    "frame); one angle per clip is ours"
)
LEVELS = (  # (m, d, z, t, r, s, b)
    (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
    (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
    (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
)

DEGREES = (-135.0, -45.0)
MOST_ZOOM = 100.0

Level = tuple[float, float, float, float, int, float, float]


def snow(clip: Clip, level: Level, context: Context) -> Clip:
    """Let snow fall, new flakes in every frame."""
    mean, spread, zoom, threshold, radius, sigma, kept = level
    if not (spread >= 0 and 1 <= zoom <= MOST_ZOOM and 0 <= kept <= 1):
        raise ValueError(f"{level = }: deviation 0 or more, zoom in 1..100, share in 0..1.")
    size = clip.shape[1:3]
    draw = random_uniforms(context.random.clip(), 1)[0]
    points = taps(radius, sigma, DEGREES[0] + (DEGREES[1] - DEGREES[0]) * draw)
    rows, columns = (_places(side, zoom) for side in size)
    scene = Scene(kept)
    wanted = context.wanted(len(clip))
    snowy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(snowy, wanted, strict=True):
        coarse = tuple(math.ceil(side / zoom) for side in size)
        noise = normals(context.random.frame(int(number)), coarse, spread * UNIT)
        noise += round(mean * UNIT)
        near = streaked(flakes(noise, rows, columns, threshold), points)
        scene.under((near, near[::-1, ::-1]), clip[number], out)
    return snowy


def _places(side: int, zoom: float) -> Places:
    """Return where the enlarged map comes from: its first and last points are those of the map."""
    count = math.ceil(side / zoom)
    last = max(1, math.floor(count * zoom + 0.5) - 1)
    parts = np.arange(side) * 256 * (count - 1) // last
    first = np.minimum(parts // 256, count - 1)
    return first, np.minimum(first + 1, count - 1), (parts % 256).astype(np.int32)
