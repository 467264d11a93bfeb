"""Falling snow: the flakes of `snow`, but every flake falls through the frames.

    y_t = min(1, b x + (1 - b) max(x, 1.5 G(x) + 0.5) + f(p - v t e) + F(p - 0.6 v t e))

with G(x) the grey value, f a map of flakes as in `snow` (parameters m, d, z, t, r, s), F the same
map turned by 180 degrees, which is farther away and slower, and e the direction of the fall, along
the streaks: downwards at 45 to 135 degrees. Maps are as wide and as high as two frames and repeat
themselves. Shifts are whole pixels. (A camera does not see other flakes in every frame, as it does
in `snow`.)

Level: m, mean of the map, any number; d, deviation of the map, 0 or more; z, enlargement of the
map, in [1, 100]; t, threshold, any number; r, radius of the blur in pixels, whole, in 0..200;
s, sigma of the blur in pixels, above 0; b, share of the scene that is kept as it is, in [0, 1];
v, speed in pixels per second, in [0, 100000].

Random: the map and the angle, per clip.
"""

import math

import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._flakes import UNIT, Places, Scene, flakes
from corruptions.spatial._normal import normals
from corruptions.spatial._streak import Taps, streaked, taps
from corruptions.types import Clip, Context, random_uniforms

SOURCE = "After Hendrycks and Dietterich (ICLR 2019), snow; the fall is ours"
LEVELS = (  # (m, d, z, t, r, s, b, v)
    (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8, 200.0),
    (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7, 200.0),
    (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7, 300.0),
    (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65, 300.0),
    (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55, 400.0),
)

DEGREES = (-135.0, -45.0)  # of the streaks, upwards
MOST_ZOOM = 100.0
MOST_SPEED = 100_000.0
FAR = 0.6  # speed of what is farther away, over that of what is near
CUT = 2**24  # sine and cosine are cut to 1/2^24: their last bits differ between machines

Level = tuple[float, float, float, float, int, float, float, float]


def falling_snow(clip: Clip, level: Level, context: Context) -> Clip:
    """Let flakes fall at `level[7]` pixels per second."""
    mean, spread, zoom, threshold, radius, sigma, kept, speed = level
    if not (spread >= 0 and 1 <= zoom <= MOST_ZOOM and 0 <= kept <= 1):
        raise ValueError(f"{level = }: deviation 0 or more, zoom in 1..100, share in 0..1.")
    if not 0 <= speed <= MOST_SPEED:
        raise ValueError(f"{level = }: the speed must be in 0..{MOST_SPEED:.0f} pixels per second.")
    bits = context.random.clip()
    angle = DEGREES[0] + (DEGREES[1] - DEGREES[0]) * random_uniforms(bits, 1)[0]
    points = taps(radius, sigma, angle)
    rows, columns = (_round_places(side, zoom) for side in clip.shape[1:3])
    noise = normals(bits, (int(rows[1].max()) + 1, int(columns[1].max()) + 1), spread * UNIT)
    noise += round(mean * UNIT)
    near = _streaked_round(flakes(noise, rows, columns, threshold), points)
    far = near[::-1, ::-1]
    across, down = (
        round(turn(math.radians(angle + 180)) * CUT) / CUT for turn in (math.cos, math.sin)
    )
    scene = Scene(kept)
    wanted = context.wanted(len(clip))
    snowy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(snowy, wanted, strict=True):
        way = speed * int(number) / float(context.fps)
        layers = [
            _window(flat, clip.shape[1:3], pace * way * down, pace * way * across)
            for flat, pace in ((near, 1.0), (far, FAR))
        ]
        scene.under((layers[0], layers[1]), clip[number], out)
    return snowy


def _round_places(side: int, zoom: float) -> Places:
    """Return where a map comes from that is twice as long as a side and whose ends meet.

    It is a point shorter than the enlargement, so that no whole enlargement meets the points of the
    coarse map again and again.
    """
    count = math.ceil(2 * side / zoom)
    length = max(side, math.floor(count * zoom + 0.5) - 1)
    parts = np.arange(length) * 256 * count // length
    first = parts // 256
    return first, (first + 1) % count, (parts % 256).astype(np.int32)


def _streaked_round(small: NDArray[np.uint8], points: Taps) -> NDArray[np.uint8]:
    """Blur a map whose ends meet."""
    reach = max(max(abs(x), abs(y)) for x, y, _ in points)
    around = streaked(np.pad(small, reach, mode="wrap"), points)
    return around[reach : reach + small.shape[0], reach : reach + small.shape[1]]


def _window(
    flat: NDArray[np.uint8], size: tuple[int, int], down: float, across: float
) -> NDArray[np.uint8]:
    """Return the part of a map that a frame shows after it has moved down and to the right."""
    rows, columns = (
        (np.arange(side) - math.floor(way + 0.5)) % length
        for side, way, length in zip(size, (down, across), flat.shape, strict=True)
    )
    return np.asarray(flat[rows][:, columns])
