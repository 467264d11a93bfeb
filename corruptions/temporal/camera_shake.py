"""Camera shake: an unsteady hand moves, turns and zooms the picture along a smooth path.

    y(p) = x(m + t + R (p - m) / z),    m the centre

with a shift t of up to a of the frame's shorter side in each direction, a turn R by up to b degrees
either way and a zoom z = 1 + c v, |v| <= 1. The path of each goes through random points, 4 per
second, and between two points u and w as u + (w - u) (3 s^2 - 2 s^3), s from 0 to 1. Bilinear, to
1/32 of a pixel; what lies outside the frame is its mirror image.

Level: a, largest shift as a share of the shorter side, in [0, 1]; b, largest turn in degrees, in
[0, 180]; c, largest zoom less 1, in [0, 0.9].

Random: the points of the path, per clip.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "After ROVA, robust video reasoning under real-world disturbances (He et al., 2026), camera "
    "motion; formula and table ours"
)
LEVELS = (  # (a, b, c)
    (0.01, 0.5, 0.01),
    (0.02, 1.0, 0.02),
    (0.035, 2.0, 0.03),
    (0.05, 3.0, 0.04),
    (0.08, 5.0, 0.06),
)

POINTS = 4  # per second
PARTS = 32  # of a pixel: as fine as OpenCV's tables of whole-number weights are
CUT = 2**24  # sine and cosine are cut to 1/2^24: their last bits differ between machines


def camera_shake(clip: Clip, level: tuple[float, float, float], context: Context) -> Clip:
    """Shake by shifts of `level[0]`, turns of `level[1]` degrees and zooms of `level[2]`."""
    shift, turn, zoom = level
    if not (0 <= shift <= 1 and 0 <= turn <= 180 and 0 <= zoom <= 0.9):
        raise ValueError(f"{level = }: shift in 0..1, turn in 0..180 degrees, zoom in 0..0.9.")
    height, width = clip.shape[1:3]
    wanted = context.wanted(len(clip))
    path = _path(len(clip), float(context.fps), context.random.clip())[wanted]
    reach = shift * min(height, width)
    shaken = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number, (across, down, roll, near) in zip(shaken, wanted, path, strict=True):
        angle = math.radians(turn * roll)
        scale = 1 / (1 + zoom * near)
        cos = round(scale * math.cos(angle) * CUT) / CUT
        sin = round(scale * math.sin(angle) * CUT) / CUT
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        x, y = np.arange(width) - middle_x, (np.arange(height) - middle_y)[:, None]
        whole, parts = _fixed(
            cos * x - sin * y + (middle_x + reach * across),
            sin * x + cos * y + (middle_y + reach * down),
        )
        cv2.remap(clip[number], whole, parts, cv2.INTER_LINEAR, out, cv2.BORDER_REFLECT_101)
    return shaken


def _path(frames: int, fps: float, bits: np.random.Philox) -> NDArray[np.float64]:
    """Return shift (across, down), turn and zoom of every frame, each from -1 to 1."""
    times = np.arange(frames) * POINTS / fps
    count = int(times[-1]) + 2
    points = 2 * random_uniforms(bits, 4 * count).reshape(count, 4) - 1
    before = times.astype(np.intp)
    share = (times - before)[:, None]
    smooth = share * share * (3 - 2 * share)
    return np.asarray(points[before] * (1 - smooth) + points[before + 1] * smooth)


def _fixed(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Return places as whole pixels and parts of 1/32 of one, for `cv2.remap`."""
    columns, rows = (np.floor(PARTS * place + 0.5).astype(np.int32) for place in (x, y))
    whole = np.stack([columns // PARTS, rows // PARTS], axis=-1).astype(np.int16)
    return whole, (rows % PARTS * PARTS + columns % PARTS).astype(np.uint16)
