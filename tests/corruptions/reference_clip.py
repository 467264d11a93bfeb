"""A small clip made by a formula of whole numbers: the same bytes everywhere."""

import hashlib
from collections.abc import Callable
from functools import cache

import numpy as np

from corruptions.types import Clip

FPS = 10
KEY = "reference"


def reference_clip(num_frames: int = 12, height: int = 70, width: int = 90) -> Clip:
    """Ramps, rings, a checkerboard, black, white and grey, all moving."""
    t, y, x = np.ogrid[:num_frames, :height, :width]
    red = (3 * x + 5 * t) % 256
    green = ((x - 4 * t - width // 3) ** 2 + (y - height // 2) ** 2) // 9 % 256
    blue = 255 * ((x // 8 + (y + 2 * t) // 8) % 2)
    clip = np.stack(np.broadcast_arrays(red, green, blue), axis=-1).astype(np.uint8)
    clip[:, : height // 8] = 0
    clip[:, height // 8 : height // 4] = 255
    clip[:, height // 4 : height // 3] = ((2 * x + t) % 256).astype(np.uint8)[..., None]
    return clip


def picture_clip(num_frames: int, height: int, width: int) -> Clip:
    """Like a photograph: every level occurs, neighbours differ little, the whole pans."""
    t, y, x = np.ogrid[:num_frames, :height, :width]
    waves = [
        110 + 70 * np.sin((x + 2 * t) / 11 + c) + 50 * np.cos(y / (7 + c)) + 25 * np.sin(x * y / 91)
        for c in range(3)
    ]
    return np.clip(np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


def noise_clip(num_frames: int, height: int, width: int, seed: int = 0) -> Clip:
    """Every combination of neighbours: the hardest case."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)


@cache
def shared(make: Callable[[int, int, int], Clip], num_frames: int, height: int, width: int) -> Clip:
    """A clip that many tests use: generated once, and read-only."""
    clip = make(num_frames, height, width)
    clip.setflags(write=False)
    return clip


def flat_clip(num_frames: int, height: int, width: int, value: int) -> Clip:
    return np.full((num_frames, height, width, 3), value, np.uint8)


def frame_hashes(clip: Clip) -> list[str]:
    """First 12 hexadecimal digits of each frame's SHA-256."""
    return [hashlib.sha256(frame.tobytes()).hexdigest()[:12] for frame in clip]
