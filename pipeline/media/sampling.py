"""Uniform sampling of frames: which frames of a clip are stored, evaluated and given to a model."""

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Dialect


def clip_indices(num_frames: int, wanted: int, dialect: Dialect = "ours") -> NDArray[np.intp]:
    """Return the indices of `wanted` frames, spread uniformly over a clip, in ascending order.

    ours: floor(j num_frames / wanted) for j = 0 .. wanted - 1, over the whole clip; a clip of fewer
    frames repeats some. original: every frame of a stride floor((num_frames - 1) / wanted), at
    least 1, in the middle of the clip (the original drew a random position); a clip of fewer frames
    repeats its last one. Source: benchmark, section 4.
    """
    if num_frames < 1 or wanted < 1:
        raise ValueError(f"{num_frames = } and {wanted = } must be at least 1.")
    steps = np.arange(wanted, dtype=np.intp)
    if dialect == "ours":
        return steps * num_frames // wanted
    stride = max(1, (num_frames - 1) // wanted)
    offset = max(0, (num_frames - 1 - stride * (wanted - 1)) // 2)
    return np.minimum(offset + stride * steps, num_frames - 1)
