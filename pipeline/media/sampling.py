"""Uniform sampling of frames: which frames of a clip are stored, evaluated and given to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Dialect

if TYPE_CHECKING:
    pass


def spread(num_frames: int, wanted: int) -> NDArray[np.intp]:
    """Indices of `wanted` frames spread over the clip: floor(j L / wanted)."""
    return np.arange(wanted, dtype=np.intp) * num_frames // wanted


def clip_indices(num_frames: int, wanted: int, dialect: Dialect = "ours") -> NDArray[np.intp]:
    """`wanted` frames spread over a clip (benchmark, section 4); short clips repeat frames.

    ours: floor(j L / wanted) over the whole clip. original: every frame of a stride
    floor((L - 1) / wanted), at least 1, in the middle of the clip (the original drew a random
    place); clips that are too short repeat their last frame.
    """
    if num_frames < 1 or wanted < 1:
        raise ValueError(f"{num_frames = } and {wanted = } must be at least 1.")
    steps = np.arange(wanted, dtype=np.intp)
    if dialect == "ours":
        return steps * num_frames // wanted
    stride = max(1, (num_frames - 1) // wanted)
    offset = max(0, (num_frames - 1 - stride * (wanted - 1)) // 2)
    return np.minimum(offset + stride * steps, num_frames - 1)


def take_frames(available: int, wanted: int) -> list[int]:
    """Positions of `wanted` frames spread over `available` ones: floor(j * available / wanted).

    A model of 16 frames takes every other one of the protocol's 32 in this way.
    """
    if available < 1 or wanted < 1:
        raise ValueError(f"{available = } and {wanted = } must be at least 1.")
    return [index * available // wanted for index in range(wanted)]
