"""Frame drop: frames that are lost are shown black.

    y_i = 0 in round(s T) frames,    else x_i

`freeze` shows the frame before instead.

Level: s, share of the frames that are lost, in [0, 1].

Random: which frames, per clip.
"""

from corruptions.temporal._chosen import chosen
from corruptions.types import Clip, Context

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), frame drop; "
    "table ours"
)
LEVELS = (0.1, 0.2, 0.3, 0.45, 0.6)  # s


def frame_drop(clip: Clip, share: float, context: Context) -> Clip:
    """Black out `share` of the frames."""
    lost = set(chosen(context.random.clip(), len(clip), share).tolist())
    wanted = context.wanted(len(clip))
    dropped = clip[wanted]
    dropped[[place for place, number in enumerate(wanted) if int(number) in lost]] = 0
    return dropped
