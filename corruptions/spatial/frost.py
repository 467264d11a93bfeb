"""Frost: ice crystals on the lens or the window.

    y = min(1, w x + v F)

with F a picture of frost. The published F is a random part of one of five photographs (two of them
the same), which are not in the public domain; here it is drawn, with a random look and random
places: feathery crystals over a cloudy ground, in the colours of one of the photographs, whose mean
and deviation in red, green and blue it has. It is not the photograph, and crystals differ. Frames
with a side above 512 have crystals as much larger.

Level: w, weight of the scene, in [0, 1]; v, weight of the frost, in [0, 1].

Random: the picture of frost, per clip: it does not move.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context, random_bytes, random_uniforms

SOURCE = (
    "Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common Corruptions and "
    "Perturbations (ICLR 2019), frost; drawn textures and one per clip are ours"
)
LEVELS = ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))  # (w, v)

LOOKS = (  # mean and deviation of red, green and blue over a whole photograph
    ((78, 149, 166), (27, 17, 15)),
    ((201, 205, 215), (21, 22, 23)),
    ((201, 205, 215), (21, 22, 23)),
    ((138, 153, 165), (29, 29, 30)),
    ((112, 123, 135), (44, 43, 42)),
)

MOST_SIDE = 512  # of the drawing
GROUND = 80
OCTAVES = (4, 8, 16, 32, 64)  # cells of the cloudy ground along a side
AREA = 256  # pixels per crystal
LENGTHS = (12, 48)  # pixels
BRIGHT = (70, 255)
TURN = 48  # directions in a circle
BRANCH = 8  # 60 degrees
STEP, SHARE = 4, 0.45  # pixels between branches; length over the rest of the stem
ONE = 256
COMPASS = np.array(
    [
        (
            round(ONE * math.cos(2 * math.pi * i / TURN)),
            round(ONE * math.sin(2 * math.pi * i / TURN)),
        )
        for i in range(TURN)
    ]
)


def frost(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Put frost of weight `level[1]` over the scene, which keeps `level[0]`."""
    kept, weight = level
    if not (0 <= kept <= 1 and 0 <= weight <= 1):
        raise ValueError(f"{level = }: both weights must be in 0..1.")
    ice = _frost(clip.shape[1], clip.shape[2], context.random.clip())
    ice = np.floor(256 * weight * ice + 128.5).astype(np.uint16)  # in 256ths of a level
    scene = np.floor(256 * kept * np.arange(256.0) + 0.5).astype(np.uint16).reshape(1, -1)
    wanted = context.wanted(len(clip))
    frozen = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    work = np.empty(clip.shape[1:], np.uint16)
    for out, number in zip(frozen, wanted, strict=True):
        cv2.LUT(clip[number], scene, work)
        cv2.add(work, ice, work)  # stops at 65535
        work >>= np.uint16(8)
        out[...] = work
    return frozen


def _frost(height: int, width: int, bits: np.random.Philox) -> NDArray[np.float64]:
    """Draw a picture of frost of a frame's size, values 0..255."""
    look = LOOKS[int(random_uniforms(bits, 1)[0] * len(LOOKS))]
    share = min(1.0, MOST_SIDE / max(height, width))
    drawing = _clouds(max(1, round(height * share)), max(1, round(width * share)), bits)
    _crystals(drawing, bits)
    soft = cv2.GaussianBlur(drawing, (3, 3), 0.5)
    large = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
    drawing = np.asarray(large, np.uint8).reshape(height, width)
    counts = np.bincount(drawing.ravel(), minlength=256)
    values = np.arange(256)
    mean = int(counts @ values) / drawing.size
    spread = math.sqrt(max(1.0, int(counts @ values**2) / drawing.size - mean**2))
    colours = np.clip(look[0] + np.multiply.outer((values - mean) / spread, look[1]), 0, 255)
    return np.asarray(colours[drawing], np.float64)


def _clouds(height: int, width: int, bits: np.random.Philox) -> NDArray[np.uint8]:
    """Add up random maps, each finer and fainter than the one before."""
    total = np.zeros((height, width), np.uint16)
    for octave, cells in enumerate(OCTAVES):
        coarse = random_bytes(bits, cells * cells).reshape(cells, cells)
        fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR_EXACT)
        total += fine.reshape(height, width).astype(np.uint16) >> np.uint16(octave)
    return (total // 4 + GROUND // 2).astype(np.uint8)


def _crystals(drawing: NDArray[np.uint8], bits: np.random.Philox) -> None:
    """Draw feathers of ice: a stem, with branches at 60 degrees, shorter towards its tip."""
    height, width = drawing.shape
    count = max(4, height * width // AREA)
    for x, y, turn, length, bright in random_uniforms(bits, 5 * count).reshape(count, 5):
        stem = int(LENGTHS[0] + (LENGTHS[1] - LENGTHS[0]) * length * length)
        direction = int(turn * TURN)
        base = np.array([int(x * width), int(y * height)])
        along = np.arange(0, stem, STEP)
        roots = base + COMPASS[direction] * along[:, None] // ONE
        reach = (SHARE * (stem - along)).astype(int)[:, None]
        lines = [np.stack([base, base + COMPASS[direction] * stem // ONE])[None]]
        for side in (-BRANCH, BRANCH):
            tips = roots + COMPASS[(direction + side) % TURN] * reach // ONE
            lines.append(np.stack([roots, tips], axis=1))
        shade = int(BRIGHT[0] + (BRIGHT[1] - BRIGHT[0]) * bright)
        strokes = list(np.concatenate(lines).astype(np.int32))
        cv2.polylines(drawing, strokes, isClosed=False, color=shade, lineType=cv2.LINE_AA)
