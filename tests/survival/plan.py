"""Number of kills per stage and victim: 57 in the suite that CI runs.

`SURVIVAL_KILLS=2000 pytest tests/survival` distributes that many in the same proportions.
"""

import math
import os

STAGE_KILLS = {
    ("synthesize", 1): 2,
    ("filter", 1): 6,
    ("decode", 1): 8,
    ("fog", 1): 8,
    ("h265_crf", 1): 5,
    ("packet_loss", 1): 5,
    ("train", 1): 4,
    ("evaluate", 1): 5,
    ("report", 1): 2,
    ("fog", 2): 2,
    ("h265_crf", 2): 2,
}
"""SIGKILL to the stage's own process at random moments, by stage and number of workers."""

WORKER_KILLS = {"decode": 1, "fog": 1, "h265_crf": 1}
"""SIGKILL to one of two workers."""

FFMPEG_KILLS = {"synthesize": 2, "h265_crf": 3}
"""SIGKILL to ffmpeg."""

IN_CI = sum([*STAGE_KILLS.values(), *WORKER_KILLS.values(), *FFMPEG_KILLS.values()])


def scaled(count: int) -> int:
    """Return a number of kills of the plan, scaled to SURVIVAL_KILLS if that is set."""
    return math.ceil(count * int(os.environ.get("SURVIVAL_KILLS", IN_CI)) / IN_CI)
