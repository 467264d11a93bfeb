"""Source videos: decoding to preprocessed frames, and a guard against changed files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import ClipError, StageError
from ..io.hashing import sha256_file, signature
from ..media.normalise import PictureOptions
from ..media.preprocess import Preprocess
from ..media.segment import Segment
from ..media.source import VideoSource
from ..params import Params
from ..settings import PictureSettings
from ..storage.rows import CellRow, ClipRow

Picture = NDArray[np.uint8]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Sources:
    """The source videos of a dataset and their preprocessing."""

    videos: Path
    picture: PictureSettings
    max_frames: int
    max_pixels: int
    timeout_seconds: float
    cropped: bool = True
    """False keeps the whole picture after the resize."""

    @classmethod
    def of(cls, dataset: str, params: Params, root: Path, *, cropped: bool = True) -> Self:
        return cls(
            videos=root / params.filter.sources[dataset].videos,
            picture=params.decode.pictures[dataset],
            max_frames=params.decode.max_frames,
            max_pixels=params.filter.max_pixels,
            timeout_seconds=params.machine.clip_timeout_seconds,
            cropped=cropped,
        )

    def pictures(self, clip: ClipRow | CellRow) -> Iterator[Picture]:
        """Decode one clip of clips.parquet; yield its pictures (crop, crop, 3), or uncropped."""
        return self._each(clip, _picture)

    def deferred(self, clip: ClipRow | CellRow) -> Iterator[Callable[[], Picture]]:
        """Decode one clip of clips.parquet; yield functions that return its pictures.

        They can be called later, in any order. Decoded frames take no more memory than pictures.
        """
        return self._each(clip, _deferred)

    def _each(
        self,
        clip: ClipRow | CellRow,
        make: Callable[[Preprocess, av.VideoFrame, Fraction], Made],
    ) -> Iterator[Made]:
        path = self.videos / str(clip["source_path"])
        preprocess = Preprocess(
            self.picture.short_side, self.picture.crop if self.cropped else None
        )
        with (
            steady_source(path, clip["source_sha256"]),
            VideoSource(
                path,
                self.max_pixels,
                self.timeout_seconds,
                options=options_of(self.picture),
                segment=segment_of(clip),
            ) as source,
        ):
            aspect = source.pixel_aspect
            for count, frame in enumerate(source.frames()):
                if count == self.max_frames:
                    raise ClipError(f"more than {self.max_frames} frames")
                yield make(preprocess, frame, aspect)


def _picture(preprocess: Preprocess, frame: av.VideoFrame, aspect: Fraction) -> Picture:
    return preprocess(frame, pixel_aspect=aspect)


def _deferred(
    preprocess: Preprocess, frame: av.VideoFrame, aspect: Fraction
) -> Callable[[], Picture]:
    size = sum(plane.buffer_size for plane in frame.planes)
    if preprocess.crop is None or size > 3 * preprocess.crop**2:
        picture = preprocess(frame, pixel_aspect=aspect)
        return lambda: picture
    preprocess.prepare(frame, pixel_aspect=aspect)
    return partial(preprocess, frame, pixel_aspect=aspect)


def options_of(picture: PictureSettings) -> PictureOptions:
    """Return the changes of pictures that the settings of a dataset ask for."""
    return PictureOptions(
        deinterlace=picture.interlaced == "deinterlace",
        tone_map=picture.hdr == "tone_map",
        square_pixels=picture.pixel_aspect == "square",
    )


def segment_of(clip: ClipRow | CellRow) -> Segment | None:
    """Return the part of its video that a clip is; None if it is the whole video."""
    start, end = clip.get("segment_start"), clip.get("segment_end")
    return None if start is None and end is None else Segment(start, end)


def check_source(source: Path, expected: str) -> None:
    """Raise StageError if a source differs from the one that the filter stage read."""
    try:
        found = sha256_file(source)
    except OSError as error:
        found = error.strerror or "unreadable"
    if found != expected:
        raise StageError(
            f"{source}: changed or disappeared since the filter stage read it ({found}); "
            "run the filter stage again (`dvc repro -f filter@DATASET`), then this one."
        )


@contextmanager
def steady_source(source: Path, expected: str) -> Iterator[None]:
    """Guard a block that reads a source: raise StageError if the source changes or has changed.

    It replaces an error of the clip, since a source that changes meanwhile can look broken.
    """
    before = signature(source)
    check_source(source, expected)
    try:
        yield
    finally:
        if signature(source) != before:
            check_source(source, expected)
            raise StageError(f"{source}: is being written; run this stage again when it is done.")
