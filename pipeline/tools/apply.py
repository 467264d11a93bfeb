"""Apply one corruption to one video file at its own size.

For single files outside any dataset. Datasets go through the stages instead, which crop, write
manifests and resume after a crash. Sound is left out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.codec.frames import CONVERSION
from corruptions.registry import Corruption, load
from corruptions.types import ClipRandom, Context, Dialect

from ..errors import ClipError, SettingsError
from ..io.atomic import atomic
from ..io.outputs import check_output
from ..media.orientation import Orientation, orientation_of
from ..media.recompress import recompress
from ..media.source import VideoSource
from ..settings import PayloadSettings
from ..storage import payload

PAYLOADS = {
    ".mp4": PayloadSettings(codec="jpeg", quality=95, subsampling="444"),
    ".mkv": PayloadSettings(codec="ffv1"),
}
"""Payload written per file extension: JPEG pictures (.mp4) or lossless (.mkv)."""

MAX_BYTES = 8 << 30
"""Largest size of the decoded frames of a video, which pixel corruptions hold in memory."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Applied:
    """Result of `apply`."""

    num_frames: int
    has_sound: bool
    """True if the input has sound, which the output has not."""


def apply(
    video: Path,
    output: Path,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    dialect: Dialect = "ours",
    table: str = "mini_kinetics",
    force: bool = False,
    timeout_seconds: float,
) -> Applied:
    """Corrupt one video file and write the result to `output`.

    The random numbers depend on the file's stem, so a copy of the file in another folder gives the
    same result. Compression corruptions encode the source stream, the others its decoded frames.
    An existing output is overwritten only with `force`, the input never. Raises ClipError if the
    video cannot be read or corrupted.
    """
    if output.suffix not in PAYLOADS:
        raise SettingsError(
            f"--output: the name must end in .mp4 (JPEG pictures) or .mkv (lossless) "
            f"(got {str(output)!r})."
        )
    check_output(output, [video], force=force)
    with named(video):
        return _apply(video, output, load(name, dialect), severity, seed, table, timeout_seconds)


@contextmanager
def named(video: Path) -> Iterator[None]:
    """Name the video file in a ClipError, which says only what is wrong with it."""
    try:
        yield
    except ClipError as error:
        raise ClipError(f"{video}: {error}") from error


def _apply(
    video: Path,
    output: Path,
    corruption: Corruption,
    severity: int,
    seed: int,
    table: str,
    timeout_seconds: float,
) -> Applied:
    level = corruption.level(severity, table)
    with VideoSource(video, timeout_seconds=timeout_seconds) as source:
        info = source.info
        random = ClipRandom(seed, table, video.stem, corruption.name, str(severity))
        times = info.clock.times
        context = Context(random, None, info.fps, times)
        fps = info.fps
        pictures: Iterator[Picture]
        if corruption.acts_on == "pixels":
            size = info.num_frames * info.width * info.height * 3
            if size > MAX_BYTES:
                raise ClipError(
                    f"too long for memory (got {info.num_frames} frames, "
                    f"{size >> 30} GB; the limit is {MAX_BYTES >> 30} GB); cut the video into "
                    "clips first."
                )
            shown = (_shown(frame, orientation_of(frame)) for frame in source.frames())
            clip = np.stack(list(_one_size(shown)))
            num_output = corruption.output_frames(len(clip), level, fps, times)
            pictures = iter(corruptions.corrupt_pixels(corruption, clip, level, context))
            fps = corruption.output_fps(level, fps)
            if not corruption.keeps_times or num_output != len(clip):
                times = None
        else:
            made = next(
                recompress(video, corruption, [level], [context], timeout_seconds=timeout_seconds)
            )
            pictures = _one_size(_shown(frame, made.orientation) for frame in made.frames)
        return Applied(_write(output, pictures, fps, times), has_sound=_has_sound(video))


def _has_sound(video: Path) -> bool:
    with av.open(f"file:{video}", metadata_errors="replace") as container:
        return bool(container.streams.audio)


def _one_size(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """Yield the pictures; raise ClipError where their size changes, which no output can hold."""
    first: Picture | None = None
    for number, picture in enumerate(pictures):
        first = picture if first is None else first
        if picture.shape != first.shape:
            height, width = first.shape[:2]
            raise ClipError(
                f"the picture changes from {width} x {height} to {picture.shape[1]} x "
                f"{picture.shape[0]} at frame {number}; cut the video there."
            )
        yield picture


def _shown(frame: av.VideoFrame, orientation: Orientation) -> Picture:
    """Return a frame as RGB pixels (H, W, 3), rotated as it is displayed."""
    picture = frame.to_ndarray(format="rgb24", interpolation=CONVERSION)
    return orientation.apply(picture.astype(np.uint8, copy=False))


def _write(
    output: Path,
    pictures: Iterator[Picture],
    fps: Fraction,
    times: tuple[Fraction, ...] | None,
) -> int:
    count = 0

    def counted() -> Iterator[Picture]:
        nonlocal count
        for picture in pictures:
            count += 1
            yield picture

    with atomic(output) as temporary:
        temporary.write_bytes(payload.write_payload(counted(), fps, PAYLOADS[output.suffix], times))
    return count
