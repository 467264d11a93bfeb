"""Preview of corruptions on one video: a mosaic of pictures, and clips side by side.

The frames are computed by the code of the corrupt stage, from the first seconds of the video.
"""

import logging
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from corruptions.registry import SEVERITIES
from corruptions.types import Clip, Dialect

from ..datasets.video_sample import TIMEOUT_SECONDS, corrupted, take_sample
from ..errors import ClipError
from ..execution.progress import progress_bar
from ..io.atomic import atomic
from ..io.outputs import check_output
from ..media import ffmpeg as program

log = logging.getLogger(__name__)

Image = NDArray[np.uint8]

GAP = 4
MARGIN = 168
"""Pixels left of the mosaic for the names."""
BAR = 26
"""Pixels above a picture for its caption."""
INK, PAPER = (32, 32, 32), 250


def preview(
    video: Path,
    folder: Path,
    names: Sequence[str],
    *,
    seconds: float,
    dialect: Dialect = "ours",
    table: str = "mini_kinetics",
    force: bool = False,
) -> list[Path]:
    """Write `mosaic.png`, `severity-3.png` and one mp4 per corruption; return their paths.

    Existing files are overwritten only with `force`, the video never.
    """
    pictures = [folder / name for name in ("mosaic.png", "severity-3.png")]
    clip_paths = [folder / f"{name}.mp4" for name in names]
    for path in (*pictures, *clip_paths):
        check_output(path, [video], force=force)
    middle: dict[str, list[Image]] = {}
    try:
        sample = take_sample(video, seconds)
        with progress_bar("preview", len(names)) as advance:
            for name, path in zip(names, clip_paths, strict=True):
                clips = [sample.clip, *corrupted(sample, name, dialect, table)]
                middle[name] = [clip[len(clip) // 2] for clip in clips]
                write_side_by_side(path, clips, name, sample.fps)
                advance(1)
    except ClipError as error:
        raise ClipError(f"{video}: {error}") from error
    for path, picture in zip(pictures, (mosaic(middle), sheet(middle, 3)), strict=True):
        write_png(path, picture)
    return [*reversed(pictures), *clip_paths]


def mosaic(middle: dict[str, list[Image]]) -> Image:
    """Draw one row per corruption and one column per severity (0 is clean)."""
    height, width = next(iter(middle.values()))[0].shape[:2]
    columns = len(SEVERITIES) + 1
    picture = np.full(
        (BAR + len(middle) * (height + GAP), MARGIN + columns * (width + GAP), 3), PAPER, np.uint8
    )
    for column in range(columns):
        words = f"severity {column}" if column else "clean"
        _write(picture, words, MARGIN + column * (width + GAP) + 2, BAR - 8)
    for row, (name, images) in enumerate(middle.items()):
        top = BAR + row * (height + GAP)
        _write(picture, name, 4, top + height // 2)
        for column, image in enumerate(images):
            left = MARGIN + column * (width + GAP)
            picture[top : top + height, left : left + width] = image
    return picture


def sheet(middle: dict[str, list[Image]], severity: int, columns: int = 4) -> Image:
    """Draw one picture per corruption at one severity, in a grid."""
    height, width = next(iter(middle.values()))[0].shape[:2]
    rows = -(-len(middle) // columns)
    picture = np.full((rows * (height + BAR), columns * (width + GAP) - GAP, 3), PAPER, np.uint8)
    for number, (name, images) in enumerate(middle.items()):
        top = number // columns * (height + BAR)
        left = number % columns * (width + GAP)
        _write(picture, name, left + 2, top + BAR - 8)
        picture[top + BAR : top + BAR + height, left : left + width] = images[severity]
    return picture


def write_side_by_side(path: Path, clips: Sequence[Clip], name: str, fps: Fraction) -> None:
    """Write the clean clip and five severities in a grid of 3 x 2 as an H.264 mp4."""
    height, width = clips[0].shape[1:3]
    canvas = np.full((2 * (height + BAR), 3 * width, 3), PAPER, np.uint8)
    for number in range(len(clips)):
        words = f"{name} {number}" if number else "clean"
        _write(canvas, words, number % 3 * width + 2, number // 3 * (height + BAR) + BAR - 8)

    def pictures() -> Iterator[bytes]:
        length = len(clips[0])
        for index in range(length):
            for number, clip in enumerate(clips):
                top = number // 3 * (height + BAR) + BAR
                left = number % 3 * width
                # Frames of a clip with a lower frame rate are repeated, so that all stay in sync.
                image = clip[index * len(clip) // length]
                canvas[top : top + height, left : left + width] = image
            yield canvas.tobytes()

    size = f"{canvas.shape[1]}x{canvas.shape[0]}"
    with atomic(path) as temporary:
        command = ffmpeg.input(
            "pipe:", format="rawvideo", pix_fmt="rgb24", s=size, framerate=str(fps)
        ).output(str(temporary), format="mp4", vcodec="libx264", pix_fmt="yuv420p", crf=16)
        program.run(command, stdin=pictures(), timeout_seconds=TIMEOUT_SECONDS)


def write_png(path: Path, picture: Image) -> None:
    """Write an RGB picture."""
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise ClipError(f"{path}: the picture cannot be encoded as PNG.")
    with atomic(path) as temporary:
        temporary.write_bytes(data.tobytes())


def _write(picture: Image, words: str, left: int, bottom: int) -> None:
    cv2.putText(picture, words, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
