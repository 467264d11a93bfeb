"""Block mask: dirt, tape or a mesh hides a part of the cells of the picture.

    y = 0 in round(s n) of the n cells,    else x

Cells are squares of 1/14 of the frame's shorter side.

Level: s, share of the cells that are hidden, in [0, 1].

Random: which cells, per clip: they stay hidden.
"""

import numpy as np

from corruptions.types import Clip, Context

SOURCE = (
    "After ROVA, robust video reasoning under real-world disturbances (He et al., 2026), "
    "occlusion; formula and table ours"
)
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5)  # s

CELLS = 14  # along the shorter side


def block_mask(clip: Clip, share: float, context: Context) -> Clip:
    """Black out `share` of the cells of the picture."""
    if not 0 <= share <= 1:
        raise ValueError(f"level {share} (share of the cells) must be in 0..1.")
    height, width = clip.shape[1:3]
    cell = max(1, min(height, width) // CELLS)
    rows, columns = -(-height // cell), -(-width // cell)
    order = np.argsort(context.random.clip().random_raw(rows * columns), kind="stable")
    hidden = np.zeros(rows * columns, bool)
    hidden[order[: int(share * rows * columns + 0.5)]] = True
    mask = hidden.reshape(rows, columns).repeat(cell, axis=0).repeat(cell, axis=1)
    masked = clip[context.wanted(len(clip))]
    masked[:, mask[:height, :width]] = 0
    return masked
