"""Apply: one corruption to one video file, at its own size.

For a look at one's own material, or a few files outside any dataset. Datasets go through the stages
instead, which crop, keep manifests and go on after a crash. Sound is left out.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.codec.frames import CONVERSION
from corruptions.registry import load
from corruptions.types import ClipRandom, Context, Dialect

from ..errors import ClipError, SettingsError
from ..io.atomic import atomic
from ..media.orientation import Orientation, orientation_of
from ..media.recompress import recompress
from ..media.source import VideoSource
from ..settings import PayloadSettings
from ..storage import payload

PAYLOADS = {
    ".mp4": PayloadSettings(codec="jpeg", quality=95, subsampling="444"),
    ".mkv": PayloadSettings(codec="ffv1"),
}
"""What is written, by extension: pictures as JPEG, or without loss."""

MAX_BYTES = 8 << 30
"""Decoded frames that are held at once."""

Picture = NDArray[np.uint8]


def apply(
    video: Path,
    output: Path,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    dialect: Dialect = "ours",
    table: str = "mini_kinetics",
    timeout_seconds: float,
) -> int:
    """Corrupt one video file; gives the number of frames written. ClipError says why not.

    The random numbers are named by the file's stem, so another copy of the file gives the same.
    Compression corruptions encode the file as it is, the others its decoded frames.
    """
    if output.suffix not in PAYLOADS:
        raise SettingsError(
            f"--output {output}: the name must end in .mp4 (JPEG pictures) or .mkv (lossless)."
        )
    corruption = load(name, dialect)
    level = corruption.level(severity, table)
    with VideoSource(video, timeout_seconds=timeout_seconds) as source:
        info = source.info
        random = ClipRandom(seed, table, video.stem, name, str(severity))
        context = Context(random, None, info.fps)
        fps = info.fps
        pictures: Iterator[Picture]
        if corruption.acts_on == "pixels":
            size = info.num_frames * info.width * info.height * 3
            if size > MAX_BYTES:
                raise ClipError(
                    f"{video}: its {info.num_frames} frames take {size >> 30} GB of memory, more "
                    f"than {MAX_BYTES >> 30}; cut the video into clips first."
                )
            clip = np.stack([_shown(frame, orientation_of(frame)) for frame in source.frames()])
            pictures = iter(corruptions.corrupt_pixels(corruption, clip, level, context))
            fps = corruption.output_fps(level, fps)
        else:
            made = next(
                recompress(video, corruption, [level], [context], timeout_seconds=timeout_seconds)
            )
            pictures = (_shown(frame, made.orientation) for frame in made.frames)
        return _write(output, pictures, fps)


def _shown(frame: av.VideoFrame, orientation: Orientation) -> Picture:
    """A frame as RGB pixels (H, W, 3), turned as it is displayed."""
    picture = frame.to_ndarray(format="rgb24", interpolation=CONVERSION)
    return orientation.apply(picture.astype(np.uint8, copy=False))


def _write(output: Path, pictures: Iterator[Picture], fps: Fraction) -> int:
    count = 0

    def counted() -> Iterator[Picture]:
        nonlocal count
        for picture in pictures:
            count += 1
            yield picture

    with atomic(output) as temporary:
        temporary.write_bytes(payload.write_payload(counted(), fps, PAYLOADS[output.suffix]))
    return count
