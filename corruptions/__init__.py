"""Corruptions of video clips: `corrupt` applies one, `names` lists them.

    from corruptions import corrupt, names
    foggy = corrupt(clip, "fog", 3, key=clip_id)  # clip: (T, H, W, 3) uint8 RGB

`corrupt` returns exactly the pixels that the pipeline stores for that clip, for all frames or some.
The compression corruptions encode the array that they are given, at its size; the pipeline encodes
the source file at its native size and then crops, so there the pixels differ.
"""

import warnings
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import cast

import numpy as np

from corruptions.original import corrupt_as_original
from corruptions.registry import SEVERITIES, TABLES, Corruption, load, names
from corruptions.sets import SETS
from corruptions.timing import Timing, corrupt_over_time
from corruptions.types import Clip, ClipRandom, Context, Dialect, Level, PixelFunction
from corruptions.versions import check_versions

__all__ = [
    "SETS",
    "SEVERITIES",
    "Corruption",
    "Timing",
    "corrupt",
    "corrupt_pixels",
    "load",
    "names",
]

DEFAULT_FPS = Context.fps


def corrupt(
    clip: Clip,
    name: str,
    severity: int | None,
    *,
    seed: int = 0,
    key: str | None = None,
    dataset: str = "mini_kinetics",
    table: str | None = None,
    dialect: Dialect = "ours",
    frames: Sequence[int] | None = None,
    fps: Fraction | float | None = None,
    times: Sequence[Fraction | float] | None = None,
    level: Level | None = None,
    timing: Timing | None = None,
) -> Clip:
    """Corrupt a clip as the pipeline does.

    Parameters
    ----------
    clip
        Frames, shape (T, H, W, 3), none of them 0, uint8, RGB, 0..255. Never written to.
    name
        One of `names()`.
    severity
        1 (weak) to 5 (strong), a whole number; may be None if `level` is given.
    seed, key, dataset
        Names of the clip's random numbers, together with corruption and severity: equal names
        yield equal pixels. The pipeline's key is the clip id. Without a key, a corruption that
        draws random numbers warns once, since all clips then get the same ones.
    table
        Severity table, "mini_kinetics" or "mini_ssv2". None means that of `dataset`; another
        dataset must name its table if the tables differ.
    dialect
        "ours", or "original" for the definition in the benchmark's own code.
    frames
        Indices of the output frames to return, from 0, in any order; None returns all.
    fps
        Frames per second of `clip`, above 0 and below 10,000; used by corruptions that encode the
        clip or depend on time. None means 25.
    times
        For a clip of variable frame rate: when each frame is shown and when the last one ends, in
        seconds, T + 1 ascending numbers. `frame_rate` chooses frames by them. None means that the
        frames are evenly spaced.
    level
        Parameter of the corruption that replaces the severity table's, in the unit documented by
        its module. The random numbers are then named by the level.
    timing
        Window, share of the frames and severity over time (see `Timing`), for corruptions of
        pixels that keep the number of frames. None corrupts all frames at `severity`.

    Returns
    -------
    Clip
        The requested frames, a new array of shape (N, H, W, 3), uint8. Corruptions of the frame
        rate have another number of frames than `clip`.

    Raises
    ------
    TypeError
        `clip` is not an array of uint8, `key` is not text, or `frames` are not whole numbers.
    ValueError
        A name, severity, level, frame, frame rate, shape or timing is out of range.
    corruptions.types.UndecodableError
        Nothing of a damaged stream can be decoded.

    """
    if not isinstance(clip, np.ndarray) or clip.dtype != np.uint8:
        what = clip.dtype if isinstance(clip, np.ndarray) else type(clip).__name__
        raise TypeError(f"clip must be a NumPy array of uint8 (RGB, 0..255), not {what}.")
    if clip.ndim != 4 or clip.shape[3] != 3 or 0 in clip.shape:
        raise ValueError(f"{clip.shape = } must be (frames, height, width, 3), none of them 0.")
    if key is not None and not isinstance(key, str):
        raise TypeError(f"{key = } must be text, such as the clip's id.")
    corruption = load(name, dialect)
    if level is None:
        if severity is None:
            raise ValueError(f"severity must be a whole number in 1..5 for {name!r}, not None.")
        level, stream = (
            corruption.level(severity, _table(corruption, dataset, table)),
            str(severity),
        )
    else:
        stream = f"level {level}"
    rate = DEFAULT_FPS if fps is None else _rate(fps)
    stamps = None if times is None else _stamps(times, len(clip))
    wanted = _indices(frames, corruption.output_frames(len(clip), level, rate, stamps))
    named = UnnamedRandom if key is None else ClipRandom
    random = named(seed, dataset, key or "", name, stream)
    clip = np.ascontiguousarray(clip)
    if timing is not None:
        if severity is None or stream != str(severity):
            raise ValueError(f"timing: needs a severity (got {level = }); leave the level out.")
        context = Context(random, wanted, rate, stamps)
        over = _table(corruption, dataset, table)
        return corrupt_over_time(corruption, clip, severity, over, context, timing)
    if corruption.acts_on == "pixels":
        return corrupt_pixels(corruption, clip, level, Context(random, wanted, rate, stamps))
    from corruptions.codec.in_memory import (
        corrupt_clip,  # late: encoders are a heavy import that pixels do not need
    )

    coded: Clip = corrupt_clip(corruption, clip, level, Context(random, None, rate))
    return coded if wanted is None else coded[wanted]


def corrupt_pixels(corruption: Corruption, clip: Clip, level: Level, context: Context) -> Clip:
    """Apply a pixel corruption in its dialect; `corrupt` and the pipeline both call this.

    Parameters
    ----------
    corruption
        From `load`; its `acts_on` must be "pixels".
    clip
        Frames, shape (T, H, W, 3), uint8, RGB, 0..255. Never written to.
    level
        Parameter of the corruption, in the unit documented by its module.
    context
        Random numbers, requested output frames and frame rate.

    Returns
    -------
    Clip
        The requested frames, a new array.

    Raises
    ------
    ValueError
        The corruption does not act on pixels, the level is out of range, or the corruption returns
        something other than the requested frames as uint8 at the size of the clip.

    """
    if corruption.acts_on != "pixels":
        raise ValueError(f"{corruption.name!r} acts on the {corruption.acts_on}, not on pixels.")
    check_versions(corruption.name)
    function = cast(PixelFunction, corruption.function)
    if corruption.dialect == "original":
        made = corrupt_as_original(corruption.name, function, clip, level, context)
    else:
        made = function(clip, level, context)
    wanted = context.wanted(corruption.output_frames(len(clip), level, context.fps, context.times))
    expected = (len(wanted), *clip.shape[1:])
    if not isinstance(made, np.ndarray) or made.dtype != np.uint8 or made.shape != expected:
        got = f"{made.dtype} {made.shape}" if isinstance(made, np.ndarray) else type(made).__name__
        raise ValueError(
            f"{corruption.file}: {corruption.name} must return uint8 {expected}, the frames "
            f"`context.wanted(...)` at the size of the clip (got {got}); correct its function."
        )
    return made


class UnnamedRandom(ClipRandom):
    """Random numbers of a clip without a key, the same for all such clips."""

    def _generator(self, part: str) -> np.random.Philox:
        warnings.warn(
            "corrupt() without `key` draws the same random numbers for every clip; pass the id of "
            "the clip as `key`.",
            stacklevel=1,
        )
        return super()._generator(part)


def _table(corruption: Corruption, dataset: str, table: str | None) -> str:
    if table is None and (dataset in TABLES or len(set(corruption.levels.values())) == 1):
        table = dataset if dataset in TABLES else TABLES[0]
    if table not in TABLES:
        raise ValueError(
            f"{table = } for {dataset = }: must be one of {', '.join(TABLES)}, whose levels of "
            f"{corruption.name!r} differ."
        )
    return table


def _rate(fps: Fraction | float) -> Fraction:
    if isinstance(fps, bool) or not 0 < fps < 10_000:
        raise ValueError(f"{fps = } must be a frame rate above 0, in frames per second.")
    if isinstance(fps, float):
        return Fraction(fps).limit_denominator(1001)  # 29.97002997 is 30000/1001
    return Fraction(fps)


def _stamps(times: Sequence[Fraction | float], num_frames: int) -> tuple[Fraction, ...]:
    stamps = tuple(Fraction(time) for time in times)
    ascending = all(before < after for before, after in pairwise(stamps))
    if len(stamps) != num_frames + 1 or not ascending:
        raise ValueError(
            f"times must be {num_frames + 1} ascending numbers, one per frame and the end, not "
            f"{len(stamps)}{'' if ascending else ' that do not ascend'}."
        )
    return tuple(stamp - stamps[0] for stamp in stamps)


def _indices(frames: Sequence[int] | None, num_frames: int) -> np.ndarray | None:
    if frames is None:
        return None
    indices = np.asarray(frames)
    if indices.size == 0:
        return np.empty(0, np.intp)
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise TypeError(f"{frames = } must be a list of frame numbers.")
    if indices.min() < 0 or indices.max() >= num_frames:
        raise ValueError(f"{frames = } must be in 0..{num_frames - 1}, the output frames.")
    return indices.astype(np.intp)
