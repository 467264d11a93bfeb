"""Jagged edges: bad scaling or deinterlacing tears edges into noise.

    y = u on the edges and on a share c of the pixels around them,    else x

with u uniform in 0..255 per value. Edges are found by Canny's method in the grey frame (thresholds
50 and 150) and made two pixels wide; around them is every pixel next to one.

Level: c, share of the neighbours of an edge that are torn, in [0, 1]; r, how often edges are made
wider by a pixel, whole, in 0..50.

Random: u and which neighbours, new in every frame.
"""

import cv2
import numpy as np

from corruptions.types import Clip, Context, random_bytes

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), sawtooth "
    "edges (there c = 0.3, r = 1); table ours"
)
LEVELS = ((0.1, 0), (0.3, 0), (0.3, 1), (0.6, 1), (0.6, 2))  # (c, r)

THRESHOLDS = (50, 150)
MOST_WIDENINGS = 50


def jagged_edges(clip: Clip, level: tuple[float, int], context: Context) -> Clip:
    """Replace edges by noise, and `level[0]` of what is next to them."""
    share, wider = level
    if not (0 <= share <= 1 and 0 <= wider <= MOST_WIDENINGS and wider == int(wider)):
        raise ValueError(f"{level = }: share in 0..1, whole widenings in 0..{MOST_WIDENINGS}.")
    wanted = context.wanted(len(clip))
    torn = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    two, three = np.ones((2, 2), np.uint8), np.ones((3, 3), np.uint8)
    for out, number in zip(torn, wanted, strict=True):
        frame = clip[number]
        edges = cv2.Canny(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), *THRESHOLDS)
        if wider:
            edges = cv2.dilate(edges, two, iterations=int(wider))
        pixels = frame.shape[0] * frame.shape[1]
        draws = random_bytes(context.random.frame(int(number)), 5 * pixels)
        chosen = draws[: 2 * pixels].view("<u2").reshape(frame.shape[:2]) < round(65536 * share)
        mask = np.where(chosen, cv2.dilate(edges, three), edges).astype(np.uint8)
        out[...] = frame
        cv2.copyTo(draws[2 * pixels :].reshape(frame.shape), mask, out)
    return torn
