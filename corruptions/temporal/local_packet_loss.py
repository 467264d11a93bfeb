"""Local packet loss: for a moment the decoder shows strips of other frames and smeared blocks.

In every frame that is touched (`_localized`): 10 times, a strip of the frame one second later and
one of the frame one second earlier (30 frames, or the clip's end) are pasted in their place, 150 to
199 pixels wide and 10 to 24 high; then 2000 blocks of up to 9 x 9 pixels are filled with the colour
of their upper left corner. Sizes are for a frame 256 pixels high and scale with it; so does the
number of blocks, with the area (256 x 340).

Level: s, share of the clip's frames that are touched, in (0, 1].

Random: places and sizes, per frame.

This paints what loss looks like, as the study does. For real loss of real packets there is
`packet_loss`.
"""

import numpy as np
from numpy.typing import NDArray

from corruptions.temporal import _localized
from corruptions.types import Clip, Context, random_uniforms

SOURCE = _localized.SOURCE + "; scaling with the size of the frame is ours"
LEVELS = _localized.LEVELS

REACH = 30  # frames
STRIPS = 20
BLOCKS = 2000
HEIGHT, AREA = 256, 256 * 340


def local_packet_loss(clip: Clip, share: float, context: Context) -> Clip:
    """Garble a run of `share` of the frames in the middle of the clip."""
    touched = _localized.touched(len(clip), share)
    wanted = context.wanted(len(clip))
    garbled = clip[wanted]
    for place, number in enumerate(wanted):
        if number in touched:
            neighbours = clip[min(len(clip) - 1, number + REACH)], clip[max(0, number - REACH)]
            _garble(garbled[place], neighbours, context.random.frame(int(number)))
    return garbled


def _garble(
    frame: NDArray[np.uint8],
    neighbours: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    bits: np.random.Philox,
) -> None:
    height, width = frame.shape[:2]
    scale = height / HEIGHT
    blocks = BLOCKS * height * width // AREA
    draws = random_uniforms(bits, 4 * (STRIPS + blocks)).reshape(-1, 4)
    tops = (draws[:, 0] * height).astype(int)
    lefts = (draws[:, 1] * width).astype(int)
    for index in range(STRIPS):
        bottom = tops[index] + max(1, int(scale * (10 + 15 * draws[index, 2])))
        right = lefts[index] + max(1, int(scale * (150 + 50 * draws[index, 3])))
        strip = np.s_[tops[index] : bottom, lefts[index] : right]
        frame[strip] = neighbours[index % 2][strip]
    colours = frame[tops, lefts]
    bottoms = tops + np.maximum(1, (scale * 10 * draws[:, 2]).astype(int))
    rights = lefts + np.maximum(1, (scale * 10 * draws[:, 3]).astype(int))
    for index in range(STRIPS, STRIPS + blocks):
        frame[tops[index] : bottoms[index], lefts[index] : rights[index]] = colours[index]
