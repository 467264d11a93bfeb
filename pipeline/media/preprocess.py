"""Preprocessing of decoded frames: display orientation, resize, centre crop, RGB."""

from fractions import Fraction

import av
import av.container
import av.filter
import av.video
import numpy as np
from numpy.typing import NDArray

from ..errors import ClipError
from ..resources import check_machine
from .orientation import Orientation, orientation_of
from .source import MAX_PIXELS, ffmpeg_words

SCALE_FLAGS = "bilinear+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
"""swscale's triangle filter, widened when it shrinks (antialias); `bitexact` gives the same bytes
with any instruction set."""


SQUARE = Fraction(1)
"""Aspect ratio of square pixels."""


class Preprocess:
    """Display orientation, resize of the short side, centre crop and conversion to RGB, in order.

    The same for clean and for re-encoded clips (benchmark specification, section 2).

    Parameters
    ----------
    short_side
        Pixels of the shorter side after the resize.
    crop
        Side of the square that is cut out of the centre, pixels; at most `short_side`. None keeps
        the whole picture.

    """

    def __init__(self, short_side: int, crop: int | None) -> None:
        self.short_side = short_side
        self.crop = crop
        self._graph: av.filter.Graph | None = None
        self._built_for: tuple[object, ...] = ()

    def __call__(
        self,
        frame: av.VideoFrame,
        orientation: Orientation | None = None,
        pixel_aspect: Fraction = SQUARE,
    ) -> NDArray[np.uint8]:
        """Return one frame as an array (crop, crop, 3), uint8, RGB; uncropped, (height, width, 3).

        `pixel_aspect` is the width over the height of a pixel, for pictures that shall get square
        ones. `orientation` replaces that of the frame, for streams that lost it in an encoder.
        Raises ClipError if the frame cannot be scaled.
        """
        self.prepare(frame, orientation, pixel_aspect)
        assert self._graph is not None  # noqa: S101 - built above
        frame.pts = None
        try:
            self._graph.push(frame)
            picture: NDArray[np.uint8] = self._graph.pull().to_ndarray()  # type: ignore[assignment]
        except (av.FFmpegError, MemoryError) as error:
            check_machine(error)
            raise ClipError(f"cannot be scaled: {ffmpeg_words(error)}") from error
        return picture

    def prepare(
        self,
        frame: av.VideoFrame,
        orientation: Orientation | None = None,
        pixel_aspect: Fraction = SQUARE,
    ) -> None:
        """Raise ClipError if a frame cannot be scaled because of its size; arguments as above."""
        turn = orientation_of(frame) if orientation is None else orientation
        built_for = (
            frame.width, frame.height, frame.format.name, turn,
            int(frame.colorspace), int(frame.color_range), pixel_aspect,
        )  # fmt: skip
        if built_for != self._built_for:
            self._graph = self._build(frame, turn, pixel_aspect)
            self._built_for = built_for

    def _build(
        self, frame: av.VideoFrame, turn: Orientation, pixel_aspect: Fraction
    ) -> av.filter.Graph:
        graph = av.filter.Graph()
        across, down = square_size(frame.width, frame.height, pixel_aspect)
        width, height = turn.size(across, down)
        scaled_width, scaled_height = scaled_size(width, height, self.short_side)
        if scaled_width * scaled_height > MAX_PIXELS:
            raise ClipError(f"picture of {width} x {height} is too long and thin to be scaled")
        steps = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=Fraction(1, 1000),
            ),
            *(graph.add(name, arguments) for name, arguments in turn.filters),
            graph.add("scale", f"w={scaled_width}:h={scaled_height}:flags={SCALE_FLAGS}"),
            graph.add("format", "pix_fmts=rgb24"),
        ]
        if self.crop is not None:
            steps.append(graph.add("crop", f"w={self.crop}:h={self.crop}:exact=1"))
        steps.append(graph.add("buffersink"))
        for one, next_one in zip(steps, steps[1:], strict=False):
            one.link_to(next_one)
        try:
            graph.configure()
        except av.FFmpegError as error:
            check_machine(error)
            raise ClipError(f"cannot be scaled: {ffmpeg_words(error)}") from error
        return graph


def square_size(width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Return the size that pixels of an aspect ratio have as square ones, none of them lost."""
    if pixel_aspect >= 1:
        return max(1, round(width * pixel_aspect)), height
    return width, max(1, round(height / pixel_aspect))


def scaled_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Return (width, height) with the short side at `short_side`, the long one rounded."""
    short, long = min(width, height), max(width, height)
    other = max(short_side, (2 * long * short_side + short) // (2 * short))
    return (short_side, other) if width <= height else (other, short_side)
