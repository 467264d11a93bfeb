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

import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._rounding import CUT, NEAREST
from corruptions.types import Clip, Context, random_uniforms

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, fog; after Hendrycks and Dietterich"
LEVELS = ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))  # (k, d)

SMALLEST_MAP = 256
FIRST_DISPLACEMENT = 100.0


def fog(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Add fog of thickness k, its map smoother with larger d."""
    thickness, plasma = _map_for(clip, level, context)
    wanted = context.wanted(len(clip))
    foggy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    veil = _Veil(thickness, plasma, int(clip.max()), NEAREST)
    for out, number in zip(foggy, wanted, strict=True):
        veil.over(clip[number], out)
    return foggy


def fog_original(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Add fog, with M per frame, cut instead of rounded."""
    thickness, plasma = _map_for(clip, level, context)
    wanted = context.wanted(len(clip))
    foggy = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    veils: dict[int, _Veil] = {}
    for out, number in zip(foggy, wanted, strict=True):
        brightest = int(clip[number].max())
        if brightest not in veils:
            veils[brightest] = _Veil(thickness, plasma, brightest, CUT)
        veils[brightest].over(clip[number], out)
    return foggy


class _Veil:
    """Map x -> x s + veil, in 16-bit numbers of 1/256 level: s = M / (M + k) < 1."""

    def __init__(
        self, thickness: float, plasma: NDArray[np.float64], brightest: int, offset: float
    ) -> None:
        share = brightest / (brightest + 255 * thickness) if brightest else 0.0
        veil = (255 * thickness * share * plasma + offset) * 256
        self.veil = np.repeat(veil.astype(np.uint16), 3, axis=1)  # one column per value
        self.work = np.empty((2, *self.veil.shape), np.uint16)  # allocated once
        scale = round(share * 65536)
        # x scale / 256 as two products, each of which fits into 16 bits
        self.high, self.low = np.uint16(scale >> 8), np.uint16(scale & 255)
        if scale == 65536:  # no fog
            self.high, self.low = np.uint16(256), np.uint16(0)

    def over(self, frame: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        values, rest = self.work
        values[...] = frame.reshape(values.shape)
        if self.low not in (0, self.high):
            np.multiply(values, self.low, out=rest)
        values *= self.high
        if self.low:  # equal to high where the share is 1 / (1 + 1.5) or 1 / (1 + 2)
            np.right_shift(values if self.low == self.high else rest, np.uint16(8), out=rest)
            values += rest
        values += self.veil
        values >>= np.uint16(8)
        out.reshape(values.shape)[...] = values


def _map_for(
    clip: Clip, level: tuple[float, float], context: Context
) -> tuple[float, NDArray[np.float64]]:
    thickness, decay = level
    if not thickness >= 0 or not decay > 0:
        raise ValueError(f"{level = }: thickness must be 0 or more, decay above 0.")
    height, width = clip.shape[1:3]
    side = max(SMALLEST_MAP, 1 << (max(height, width) - 1).bit_length())
    uniforms = random_uniforms(context.random.clip(), side * side - 1)
    return thickness, _plasma(side, decay, uniforms)[:height, :width]


def _plasma(side: int, decay: float, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a diamond-square map of `side` (a power of two) squared points, scaled to [0, 1].

    Takes side^2 - 1 uniform numbers. Every point is the mean of its four neighbours on the coarser
    grid, which is a torus, plus a displacement. Sums have a fixed order.
    """
    signed = 2 * uniforms
    signed -= 1
    corners, displacement, used = np.zeros((1, 1)), FIRST_DISPLACEMENT, 0

    def mean_and_displace(total: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal used
        draws = signed[used : used + total.size].reshape(total.shape)
        used += total.size
        total /= 4
        total += draws * (displacement * displacement)
        return total

    while len(corners) < side:
        finer = np.empty((len(corners), 2, len(corners), 2))  # row, its half, column, its half
        pairs = _with_next(corners, 0)
        centres = mean_and_displace(_with_next(pairs, 1))
        above_below = _with_next(centres, 0, backwards=True)
        above_below += _with_next(corners, 1)
        left_right = _with_next(centres, 1, backwards=True)
        left_right += pairs
        finer[:, 0, :, 0] = corners
        finer[:, 1, :, 1] = centres
        finer[:, 0, :, 1] = mean_and_displace(above_below)
        finer[:, 1, :, 0] = mean_and_displace(left_right)
        corners = finer.reshape(2 * len(corners), -1)
        displacement /= decay
    corners -= corners.min()
    corners /= corners.max()
    return corners


def _with_next(
    values: NDArray[np.float64], axis: int, backwards: bool = False
) -> NDArray[np.float64]:
    """Return each value plus the next one along an axis of a torus, or the previous one."""
    place = (slice(None),) * axis
    first, last = (*place, slice(1)), (*place, slice(-1, None))
    but_first, but_last = (*place, slice(1, None)), (*place, slice(-1))
    sums = np.empty_like(values)
    if backwards:
        np.add(values[but_first], values[but_last], out=sums[but_first])
        np.add(values[first], values[last], out=sums[first])
    else:
        np.add(values[but_last], values[but_first], out=sums[but_last])
        np.add(values[last], values[first], out=sums[last])
    return sums
