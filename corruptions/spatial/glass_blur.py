"""Glass blur: a scene seen through frosted or ribbed glass.

    g = x blurred by a bell curve of sigma s, rounded
    n times, for every pixel p from the last to the first:   g(p) = g(p + q)
    y = g blurred by a bell curve of sigma s

with q = (dx, dy), whole pixels from -d to d - 1 each, drawn anew for every pixel. A pixel nearer to
the edge than d + 1 (on the lower and right side: than d) keeps its value. The paper speaks of
swapping g(p) and g(p + q), but its code overwrites the first before the second is read, so that
one value is copied over the other; that is what made its data set, and what is done here.

Level: s, sigma of both blurs in pixels, in (0, 100]; d, largest shift in pixels, whole, in 1..100;
n, how many times pixels are shifted, whole, in 1..20.

Random: the shifts, per clip: the glass does not move. (A still image has no say in this.)
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.spatial._bell import bell, blurred
from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), glass blur, as coded; one pane per clip is ours"
)
LEVELS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))  # (s, d, n)

MOST_SHIFT, MOST_TIMES = 100, 20
NO_PARTS = np.empty(0, np.uint16)  # of pixels: places are whole


def glass_blur(clip: Clip, level: tuple[float, int, int], context: Context) -> Clip:
    """Blur, shift every pixel by up to `level[1]`, `level[2]` times, and blur again."""
    sigma, shift, times = level
    if not (1 <= shift <= MOST_SHIFT and shift == int(shift)):
        raise ValueError(f"{level = }: the shift must be whole pixels in 1..{MOST_SHIFT}.")
    if not (1 <= times <= MOST_TIMES and times == int(times)):
        raise ValueError(f"{level = }: the number of shifts must be whole, in 1..{MOST_TIMES}.")
    weights = bell(sigma)
    height, width = clip.shape[1:3]
    sources = _sources(height, width, int(shift), int(times), context.random.clip())
    places = np.stack([sources % width, sources // width], axis=-1).astype(np.int16)
    wanted = context.wanted(len(clip))
    behind = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    soft = np.empty(clip.shape[1:], np.uint8)
    for out, number in zip(behind, wanted, strict=True):
        blurred(clip[number], weights, soft)
        shifted = cv2.remap(soft, places, NO_PARTS, cv2.INTER_NEAREST)
        blurred(np.asarray(shifted, np.uint8), weights, out)
    return behind


def _sources(
    height: int, width: int, shift: int, times: int, bits: np.random.Philox
) -> NDArray[np.intp]:
    """Return, for each pixel, the index of the pixel whose value it ends up with."""
    sources = np.arange(height * width).reshape(height, width)
    area = np.s_[shift + 1 : height - shift + 1, shift + 1 : width - shift + 1]
    for _ in range(times):
        sources = sources.ravel()[_shifted(height, width, area, shift, bits)]
    return sources


def _shifted(
    height: int, width: int, area: tuple[slice, slice], shift: int, bits: np.random.Philox
) -> NDArray[np.intp]:
    """Return the source of each pixel after one pass from the last pixel to the first.

    A pixel whose partner comes after it finds there what the partner has already got: its chain of
    partners is followed to the first one that points backwards, by doubling.
    """
    here = np.arange(height * width).reshape(height, width)
    partner = here.copy()
    shape = partner[area].shape
    draws = random_bytes(bits, 4 * shape[0] * shape[1]).view("<u2").reshape(2, *shape)
    rows, columns = (draws.astype(np.int32) * (2 * shift) >> 16) - shift
    partner[area] += rows * width + columns
    chain = np.where(partner > here, partner, here).ravel()
    while True:
        further = chain[chain]
        if (further == chain).all():
            return partner.ravel()[chain].reshape(height, width)
        chain = further
