"""Choose a share of a clip's frames at random."""

import numpy as np
from numpy.typing import NDArray


def chosen(bits: np.random.Philox, frames: int, share: float) -> NDArray[np.intp]:
    """Return round(share x frames) of the frames, in order, every choice equally likely."""
    if not 0 <= share <= 1:
        raise ValueError(f"level {share} (share of the frames) must be in 0..1.")
    order = np.argsort(bits.random_raw(frames), kind="stable")
    return np.sort(order[: int(share * frames + 0.5)]).astype(np.intp)
