"""Random block: something black in front of the lens, elsewhere in every frame.

    y = 0 in a block of h x w pixels,    else x,    h = H sqrt(a q), w = W sqrt(a / q)

with q, the height of the block over its width relative to the frame, between 1/2 and 2.

Level: a, area of the block over that of the frame, in (0, 1].

Random: place and q of the block, new in every frame.
"""

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "NoisyVideo, 36 kinds of noise for video language models (public code, 2025), random block "
    "(there 0.3 to 0.7 of each side); table ours"
)
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.45)  # a


def random_block(clip: Clip, area: float, context: Context) -> Clip:
    """Black out a block of `area` of every frame."""
    if not 0 < area <= 1:
        raise ValueError(f"level {area} (area of the block over the frame's) must be in (0, 1].")
    height, width = clip.shape[1:3]
    wanted = context.wanted(len(clip))
    blocked = clip[wanted]
    for place, number in enumerate(wanted):
        shape, down, across = random_uniforms(context.random.frame(int(number)), 3)
        ratio = 0.5 + 1.5 * shape
        rows = max(1, min(height, int(height * (area * ratio) ** 0.5 + 0.5)))
        columns = max(1, min(width, int(width * (area / ratio) ** 0.5 + 0.5)))
        top, left = int(down * (height - rows + 1)), int(across * (width - columns + 1))
        blocked[place][top : top + rows, left : left + columns] = 0
    return blocked
