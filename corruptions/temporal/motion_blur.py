"""Motion blur: a long exposure mixes what happens while the shutter is open.

    y_i = mean of x_j,    max(0, i - c) <= j < min(T, i + c)

the mean of 2 c neighbouring frames, fewer at the ends of the clip, where the window is cut. (An
even number of frames has no middle one: the window's middle lies half a frame before i.)

Level: c, half the number of frames in the window, whole, in 1..128.

Nothing is random.

Dialects: `ours` keeps the number of frames and rounds to the nearest whole number. `original` has
output only where the window is complete, c <= i < T - c, so it loses 2 c frames (a clip of no more
than that becomes empty), and cuts.

Sums are whole numbers and run along the clip: one frame comes in, one goes out.
"""

from fractions import Fraction

import numpy as np

from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, motion blur"
LEVELS = {
    "mini_kinetics": (3, 5, 7, 9, 11),  # c: half the number of frames in the window
    "mini_ssv2": (1, 2, 3, 4, 6),
}

MOST_HALF = 128  # 256 frames of 255: the largest sum that 16 bits hold


def motion_blur(clip: Clip, half: int, context: Context) -> Clip:
    """Average the frames from `half` before to `half - 1` after each."""
    wanted = context.wanted(len(clip))
    return _means(clip, wanted, _whole(half), half_up=True)


def motion_blur_original(clip: Clip, half: int, context: Context) -> Clip:
    """Average complete windows only, cut instead of rounded."""
    left = output_frames_original(len(clip), half, context.fps)
    return _means(clip, context.wanted(left) + half, _whole(half), half_up=False)


def output_frames_original(num_frames: int, half: int, fps: Fraction) -> int:
    """Return the number of frames that the original keeps."""
    return max(0, num_frames - 2 * half)


def _whole(half: int) -> int:
    if half != int(half) or not 1 <= half <= MOST_HALF:
        raise ValueError(f"level {half} (half a window) must be a whole number in 1..{MOST_HALF}.")
    return int(half)


def _means(clip: Clip, centres: np.ndarray, half: int, *, half_up: bool) -> Clip:
    blurred = np.empty((len(centres), *clip.shape[1:]), np.uint8)
    total = np.zeros(clip.shape[1:], np.uint16)
    mean = np.empty_like(total)
    first = last = 0  # total is the sum of the frames first <= j < last
    for place in np.argsort(centres, kind="stable"):
        start = max(0, int(centres[place]) - half)
        stop = min(len(clip), int(centres[place]) + half)
        if start >= last:  # nothing in common with the window before
            total[...] = 0
            first = last = start
        for frame in clip[last:stop]:
            np.add(total, frame, out=total)
        for frame in clip[first:start]:
            np.subtract(total, frame, out=total)
        first, last = start, stop
        count = np.uint16(stop - start)
        np.add(total, count // np.uint16(2) if half_up else np.uint16(0), out=mean)
        mean //= count
        blurred[place] = mean
    return blurred
