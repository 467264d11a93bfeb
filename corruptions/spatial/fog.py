"""Fog: light scattered by drops hides what is behind them, in drifts of uneven thickness.

    y = (x + k m) M / (M + k)

with m a plasma map in [0, 1] (diamond-square on a torus, first displacement up to 100^2, then
divided by d^2 from each size of the grid to the next finer one) and M the largest x.

Level: k, thickness of the fog, 0 or more; d, decay of the map's roughness, above 0 (a larger one
makes a smoother map).

Random: one map per clip, the same for all its frames. Its side is 256, or the next power of two
where a frame is larger, of which the upper left part is used.

Dialects: `ours` takes M over all frames and channels of the clip and rounds to the nearest whole
number. `original` takes M of every frame for itself, so that the fog flickers when the brightest
value changes and a black frame has none, and cuts.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST
from corruptions.types import Clip, Context, random_uniforms

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, fog; after Hendrycks and Dietterich"
LEVELS = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))  # (k, d)

SMALLEST_MAP = 256
FIRST_DISPLACEMENT = 100.0

WHITE = 255


def fog(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Add fog of thickness k, its map smoother with larger d."""
    thickness, plasma = _map_for(clip, level, context)
    wanted = context.wanted(len(clip))
    foggy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    veil = Veil(thickness, plasma, _largest(clip), NEAREST)
    for out, number in zip(foggy, wanted, strict=True):
        veil.over(clip[number], out)
    return foggy


def fog_original(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Add fog, with M per frame, cut instead of rounded."""
    thickness, plasma = _map_for(clip, level, context)
    wanted = context.wanted(len(clip))
    foggy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    veils: dict[int, Veil] = {}
    for out, number in zip(foggy, wanted, strict=True):
        brightest = int(clip[number].max())
        if brightest not in veils:
            veils[brightest] = Veil(thickness, plasma, brightest, CUT)
        veils[brightest].over(clip[number], out)
    return foggy


def _largest(clip: Clip) -> int:
    """Return the largest value of a clip; an array is read up to its first white frames."""
    if not isinstance(clip, np.ndarray):  # few frames are in memory; its maximum is known
        return int(clip.max())
    largest = 0
    for start in range(0, len(clip), 8):
        largest = max(largest, int(clip[start : start + 8].max()))
        if largest == WHITE:
            break
    return largest


class Veil:
    """Map x -> floor(x s + veil), with s = M / (M + k) in 65536ths and the veil in 256ths.

    Computed is 255 - y - 128, between -128 and 127, as the whole number nearest to
    (127.5 - 2^-17 - veil) - x s. These numbers are multiples of 2^-17 below 128, which single
    precision holds exactly, so that they are never half-way and the same on any CPU.
    """

    def __init__(
        self, thickness: float, plasma: NDArray[np.float64], brightest: int, offset: float
    ) -> None:
        share = brightest / (brightest + 255 * thickness) if brightest else 0.0
        veil = 255 * thickness * share * plasma
        veil += offset
        veil *= 256
        rest = veil.astype(np.uint16).astype(np.float32)
        rest *= np.float32(-1 / 256)
        rest += np.float32(127.5 - 2.0**-17)
        self.rest = cv2.merge((rest, rest, rest)).reshape(len(rest), -1)  # one column per value
        self.share = round(share * 65536) / 65536

    def over(self, frame: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        values, mapped = frame.reshape(self.rest.shape), out.reshape(self.rest.shape)
        cv2.addWeighted(values, -self.share, self.rest, 1, 0, mapped.view(np.int8), cv2.CV_8S)
        mapped ^= np.uint8(127)


def _map_for(
    clip: Clip, level: tuple[float, float], context: Context
) -> tuple[float, NDArray[np.float64]]:
    thickness, decay = level
    if not thickness >= 0 or not decay > 0:
        raise ValueError(f"{level = }: thickness must be 0 or more, decay above 0.")
    height, width = clip.shape[1:3]
    side = max(SMALLEST_MAP, 1 << (max(height, width) - 1).bit_length())
    uniforms = random_uniforms(context.random.clip(), side * side - 1)
    heights = _plasma(side, decay, uniforms)
    lowest, highest = heights.min(), heights.max()
    plasma = heights[:height, :width] - lowest
    plasma /= highest - lowest
    return thickness, plasma


def _plasma(side: int, decay: float, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a diamond-square map of `side` (a power of two) squared heights.

    Takes side^2 - 1 uniform numbers, which it overwrites. Every point is the mean of its four
    neighbours on the coarser grid, which is a torus, plus a displacement. Sums have a fixed order.
    """
    uniforms *= 2
    uniforms -= 1
    heights, displacement, used = np.zeros((1, 1)), FIRST_DISPLACEMENT, 0
    while len(heights) < side:
        size = len(heights)
        draws = uniforms[used : used + 3 * size * size].reshape(3, size, size)
        used += draws.size
        draws *= displacement * displacement
        corners = np.empty((size + 1, size + 1))  # the first row and column again at the end
        corners[:-1, :-1] = heights
        corners[-1, :-1] = heights[0]
        corners[:, -1] = corners[:, 0]
        pairs = corners[:-1] + corners[1:]
        centres = np.empty((size + 1, size + 1))  # the last row and column again at the start
        inner = np.add(pairs[:, :-1], pairs[:, 1:], out=centres[1:, 1:])
        inner *= 0.25
        inner += draws[0]
        centres[0, 1:] = centres[-1, 1:]
        centres[:, 0] = centres[:, -1]
        above_below = inner + centres[:-1, 1:]
        above_below += corners[:-1, :-1] + corners[:-1, 1:]
        above_below *= 0.25
        left_right = inner + centres[1:, :-1]
        left_right += pairs[:, :-1]
        left_right *= 0.25
        finer = np.empty((size, 2, size, 2))  # row, its half, column, its half
        finer[:, 0, :, 0] = heights
        finer[:, 1, :, 1] = inner
        np.add(above_below, draws[1], out=finer[:, 0, :, 1])
        np.add(left_right, draws[2], out=finer[:, 1, :, 0])
        heights = finer.reshape(2 * size, -1)
        displacement /= decay
    return heights
