"""Sampling of frames: which frames of a clip are stored, evaluated and given to a model."""

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Dialect


def clip_indices(num_frames: int, wanted: int, dialect: Dialect = "ours") -> NDArray[np.intp]:
    """Return the indices of `wanted` frames of a clip by the benchmark's protocol (section 4).

    Parameters
    ----------
    num_frames
        Number of frames L of the clip, at least 1.
    wanted
        Number of indices n, at least 1; the benchmark's is 32.
    dialect
        ours: floor(j L / n) over the whole clip. original: as the first code, which lost the last
        two of the L frames in its numbering: every frame of a stride s = max(1, (L - 3) // n) from
        s // 2, the middle of the random offsets 0..s-1 that it drew; floor(j (L - 2) / n) for clips
        of L - 2 <= n frames.

    Returns
    -------
    numpy.ndarray
        (wanted,) ascending indices in 0..L-1; short clips repeat frames.

    """
    if num_frames < 1 or wanted < 1:
        raise ValueError(f"{num_frames = } and {wanted = } must be at least 1.")
    steps = np.arange(wanted, dtype=np.intp)
    if dialect == "ours":
        return steps * num_frames // wanted
    kept = max(1, num_frames - 2)
    if kept <= wanted:
        return steps * kept // wanted
    stride = max(1, (kept - 1) // wanted)
    return stride // 2 + stride * steps


def segment_indices(num_frames: int, wanted: int) -> NDArray[np.intp]:
    """Return the central frame of each of `wanted` equal segments: floor((j + 1/2) L / wanted)."""
    if num_frames < 1 or wanted < 1:
        raise ValueError(f"{num_frames = } and {wanted = } must be at least 1.")
    steps = np.arange(wanted, dtype=np.intp)
    return (2 * steps + 1) * num_frames // (2 * wanted)


def dense_indices(num_frames: int, wanted: int, stride: int, clips: int) -> NDArray[np.intp]:
    """Return the frames of temporal windows that are spread evenly over a clip.

    Parameters
    ----------
    num_frames
        Number of frames of the clip.
    wanted
        Frames of one window.
    stride
        Distance of the frames of a window.
    clips
        Number of windows: one in the middle, or the first at the start and the last at the end.

    Returns
    -------
    numpy.ndarray
        (clips * wanted,) indices, window after window. A window that is longer than the clip
        repeats the last frame.

    """
    if min(num_frames, wanted, stride, clips) < 1:
        raise ValueError(
            f"{num_frames = }, {wanted = }, {stride = } and {clips = } must be at least 1."
        )
    rest = max(0, num_frames - 1 - stride * (wanted - 1))
    windows = np.arange(clips, dtype=np.intp)
    starts = windows * rest // (clips - 1) if clips > 1 else np.array([rest // 2], np.intp)
    offsets = stride * np.arange(wanted, dtype=np.intp)
    indices: NDArray[np.intp] = np.minimum(starts[:, None] + offsets, num_frames - 1)
    return indices.ravel()
