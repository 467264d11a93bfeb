"""Frames of localized corruptions: one run of frames in the middle of the clip.

The temporal-action-detection study corrupts 1, 5 or 10 % of the frames of every action, one run
around its middle. A clip of an action benchmark is one action. Severities 1, 3 and 5 are the
study's three shares; 2 and 4 lie half-way between (ours).
"""

import math

SOURCE = (
    "Zeng et al., Benchmarking the Robustness of Temporal Action Detection Models Against Temporal "
    "Corruptions (CVPR 2024) and its public code; severities 2 and 4 are ours"
)
LEVELS = (0.01, 0.03, 0.05, 0.075, 0.1)  # share of the clip's frames


def touched(num_frames: int, share: float) -> range:
    """Return the frames that are corrupted: at least one."""
    if not 0 < share <= 1:
        raise ValueError(f"level {share} (share of the frames) must lie in (0, 1].")
    count = max(1, math.floor(share * num_frames + 0.5))
    start = (num_frames - count) // 2
    return range(start, start + count)
