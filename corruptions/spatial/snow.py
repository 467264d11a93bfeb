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

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._normal import normals
from corruptions.spatial._streak import streaked, taps
from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), snow, in the sizes of the imagecorruptions package (any size of "
    "frame); one angle per clip is ours"
)
LEVELS = (  # (m, d, z, t, r, s, b)
    (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
    (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
    (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
)

DEGREES = (-135.0, -45.0)
UNIT = 4096  # of the map of normal numbers
MOST_ZOOM = 100.0
VALUES = np.arange(256.0)
PARTS = 64  # of a level, in which light is added up

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
        scene.under(streaked(_flakes(noise, rows, columns, threshold), points), clip[number], out)
    return snowy


Places = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]
"""Per output row or column: the two that it lies between, and the share of the second in 256ths."""


def _places(side: int, zoom: float) -> Places:
    """Return where the enlarged map comes from: its first and last points are those of the map."""
    count = math.ceil(side / zoom)
    last = max(1, math.floor(count * zoom + 0.5) - 1)
    parts = np.arange(side) * 256 * (count - 1) // last
    first = np.minimum(parts // 256, count - 1)
    return first, np.minimum(first + 1, count - 1), (parts % 256).astype(np.int32)


def _flakes(
    noise: NDArray[np.int32], rows: Places, columns: Places, threshold: float
) -> NDArray[np.uint8]:
    """Enlarge a map, cut off what is below the threshold and limit it to 255."""
    tall = np.asarray(cv2.transpose(_enlarged(noise, rows) >> 8), np.int32)
    wide = _enlarged(tall, columns)
    wide *= wide >= threshold * UNIT * 256
    wide >>= 8
    wide *= 255
    wide >>= 12
    flakes = np.clip(wide, 0, 255, out=wide).astype(np.uint8)
    return np.asarray(cv2.transpose(flakes), np.uint8).reshape(len(rows[0]), -1)


def _enlarged(values: NDArray[np.int32], places: Places) -> NDArray[np.int32]:
    """Interpolate between rows; the result is 256 times as large."""
    first, second, share = places
    rows = values[first]
    rows *= 256 - share[:, None]
    rows += values[second] * share[:, None]
    return rows


class Scene:
    """Frames brightened by snow, in 64ths of a level.

    b x + (1 - b) max(x, h) is the larger one of x and b x + (1 - b) h.
    """

    def __init__(self, kept: float) -> None:
        self.scene = _table(kept * VALUES)
        self.light = _table((1 - kept) * (1.5 * VALUES + 127.5))

    def under(
        self, flakes: NDArray[np.uint8], frame: NDArray[np.uint8], out: NDArray[np.uint8]
    ) -> None:
        """Write the frame below the flakes to `out`."""
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        total = np.asarray(cv2.LUT(frame, self.scene), np.uint16)
        light = np.asarray(cv2.LUT(grey, self.light), np.uint16)
        total += np.asarray(cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), np.uint16)
        np.maximum(total, np.multiply(frame, np.uint16(PARTS), dtype=np.uint16), out=total)
        both = np.add(flakes, flakes[::-1, ::-1], dtype=np.uint16)
        both *= np.uint16(PARTS)
        total += np.asarray(cv2.cvtColor(both, cv2.COLOR_GRAY2RGB), np.uint16)
        cv2.convertScaleAbs(total, out, alpha=1 / PARTS)


def _table(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Return values as whole 64ths, for `cv2.LUT`."""
    return np.floor(PARTS * values + 0.5).astype(np.uint16).reshape(1, -1)
