"""Motion blur of one frame, by ImageMagick: the image benchmarks' way to blur by camera motion.

    y = MagickMotionBlurImage(x, radius, sigma, angle),    angle from -45 to 45 degrees

Level: radius, of the kernel in pixels, 0 or more; sigma, of its weights in pixels, above 0.

Random: the angle, per frame.

ImageMagick is the definition, and a result is as reproducible as the installed library is. It
comes through wand, which is imported when it is first needed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptions.types import Clip, Context, random_uniforms

SOURCE = (
    "Schiappa et al., CVPR 2023, motion blur (also a twelfth of the test-time-adaptation set); "
    "table of Hendrycks and Dietterich, ICLR 2019"
)
LEVELS = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))  # (radius, sigma) in pixels

MOST_DEGREES = 45.0


def motion_blur_magick(clip: Clip, level: tuple[float, float], context: Context) -> Clip:
    """Blur every frame along a random angle."""
    radius, sigma = level
    if not (radius >= 0 and sigma > 0):
        raise ValueError(f"{level = }: radius must be 0 or more, sigma above 0.")
    image_type = _image_type()
    wanted = context.wanted(len(clip))
    blurred = np.empty((len(wanted), *clip.shape[1:]), np.uint8)
    for out, number in zip(blurred, wanted, strict=True):
        draw = random_uniforms(context.random.frame(int(number)), 1)[0]
        out[...] = _blur(image_type, clip[number], radius, sigma, MOST_DEGREES * (2 * draw - 1))
    return blurred


def _blur(
    image_type: Any, frame: NDArray[np.uint8], radius: float, sigma: float, degrees: float
) -> NDArray[np.uint8]:
    with image_type.from_array(frame, channel_map="RGB", storage="char") as image:
        image.motion_blur(radius=radius, sigma=sigma, angle=degrees)
        return np.array(image)[..., :3]


def _image_type() -> Any:
    try:
        from wand.image import Image
    except ImportError as error:
        raise ImportError(
            "motion_blur_magick needs ImageMagick's library, which wand did not find. "
            "On Debian or Ubuntu: apt-get install libmagickwand-6.q16-6"
        ) from error
    return Image
