"""Frame rate: a slow camera or a thrifty stream shows fewer frames each second.

The rate converter shows, at time (n + 1/2) / F, the frame that the source showed last before it:

    output n = input max(0, ceil((n + 1/2) fps / F) - 1),    n = 0 .. N - 1
    N = max(1, round(duration x F)),    duration = T / fps, halves rounded up

This is what `ffmpeg -vf fps=F` does: frames are dropped, or repeated where F is above the source's
rate, and never blended. The output plays at F frames per second, so the duration is kept.

Where the source has a variable frame rate, its time stamps t count in place of k / fps, and the
duration is the time at which the last frame ends:

    output n = input max(0, the last k with t_k < (n + 1/2) / F)

Level: F, frames per second, above 0.

Nothing is random. All arithmetic is of whole numbers.

Dialects: none. The original passed `-fps`, which no ffmpeg accepts, so it made no output at all;
with `-r` it would also have encoded at libx265 CRF 28, stronger than h265_crf at severity 1.
"""

import math
from bisect import bisect_left
from fractions import Fraction

from corruptions.types import Clip, Context

SOURCE = "Yi et al., NeurIPS Datasets and Benchmarks 2021, frame rate conversion"
LEVELS = {
    "mini_kinetics": (20, 16, 12, 9, 6),  # F: frames per second
    "mini_ssv2": (10, 8, 6, 4, 2),
}


def frame_rate(clip: Clip, rate: Fraction | float, context: Context) -> Clip:
    """Convert a clip of `context.fps` to `rate` frames per second."""
    last = len(clip) - 1
    if context.times is not None:
        wanted = context.wanted(output_frames_at(context.times, rate))
        shown = [Fraction(2 * int(n) + 1, 2) / Fraction(rate) for n in wanted]
        return clip[[max(0, bisect_left(context.times, time, hi=last + 1) - 1) for time in shown]]
    wanted = context.wanted(output_frames(len(clip), rate, context.fps))
    step = context.fps / Fraction(rate)
    return clip[[min(last, max(0, math.ceil((2 * int(n) + 1) * step / 2) - 1)) for n in wanted]]


def output_frames(num_frames: int, rate: Fraction | float, fps: Fraction) -> int:
    """Return the number of output frames: duration times rate, at least one."""
    return max(1, math.floor(num_frames / fps * output_fps(rate, fps) + Fraction(1, 2)))


def output_frames_at(times: tuple[Fraction, ...], rate: Fraction | float) -> int:
    """Return the number of output frames for time stamps, of which the last is the end."""
    return max(1, math.floor(times[-1] * output_fps(rate, Fraction(1)) + Fraction(1, 2)))


def output_fps(rate: Fraction | float, fps: Fraction) -> Fraction:
    """Return the output frame rate."""
    if not rate > 0:
        raise ValueError(f"level {rate} (frames per second) must be above 0.")
    return Fraction(rate)
