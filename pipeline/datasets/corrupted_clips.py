"""Corrupted clips: one clip at several severities of one corruption.

Pixel corruptions change the clean frames. Compression corruptions encode the source video again at
its native size and preprocess the result like a clean clip. The corrupt stage stores these clips,
the torch datasets return them, and `corruptions.corrupt` computes the same frames.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.registry import Corruption, load
from corruptions.types import Clip, ClipRandom, Context, Dialect

from ..errors import ClipError
from ..media.preprocess import Preprocess
from ..media.recompress import Recompressed, recompress
from ..media.sampling import clip_indices
from ..params import Params
from ..settings import PictureSettings
from ..storage import manifest, payload
from ..storage.cell_rows import cell_row
from ..storage.frame_times import tick_columns, times_of
from ..storage.rows import CellRow, ClipRow
from ..storage.shard_writer import Facts, no_facts
from . import source_clips

Frames = Iterable[NDArray[np.uint8]]
"""Frames of a clip, each (H, W, 3), uint8 RGB."""

FrameSelector = Callable[[int], NDArray[np.intp] | None]
"""Function from the number of output frames to the sorted indices to keep; None keeps all."""


@dataclass(frozen=True)
class CorruptedClip:
    """One clip at one severity."""

    row: CellRow
    """Columns that are known before the frames are read."""
    num_output: int
    """Frames of the corrupted clip, of which `frames` are those that were selected."""
    frames: Frames
    """Selected frames, to be read once; reading raises ClipError if the clip cannot be made."""
    facts: Facts = no_facts
    """Return the further columns of the row; only after the last of `frames`."""


@dataclass(frozen=True)
class ClipCorruptor:
    """All severities of one corruption of one dataset, with everything that frames depend on."""

    corruption: str
    dialect: Dialect
    table: str
    """Severity table."""
    seed: int
    dataset: str
    videos: Path
    """Folder of the source videos."""
    picture: PictureSettings
    encoder: str
    """Description of the payload, for the rows."""
    timeout_seconds: float

    @classmethod
    def of(cls, dataset: str, corruption: str, params: Params, root: Path) -> Self:
        """Return the corruptor of a dataset and corruption of params.yaml."""
        return cls(
            corruption=corruption,
            dialect=params.dialect,
            table=params.corrupt.levels[dataset],
            seed=params.seed,
            dataset=dataset,
            videos=root / params.filter.sources[dataset].videos,
            picture=params.decode.pictures[dataset],
            encoder=payload.describe(params.payload),
            timeout_seconds=params.machine.clip_timeout_seconds,
        )

    def make(
        self,
        severities: Sequence[int],
        clean: ClipRow | CellRow,
        clip: Clip | ClipError,
        choose: FrameSelector,
    ) -> Iterator[CorruptedClip]:
        """Return the clip at each severity.

        Parameters
        ----------
        severities
            Severities, 1..5, in the order of the results.
        clean
            Row of the clean clip.
        clip
            Clean frames (T, H, W, 3), uint8 RGB, or the reason why there are none, which then is
            the reason of every severity.
        choose
            Output frames to keep.

        Returns
        -------
        Iterator[CorruptedClip]
            One clip per severity. Its frames must be read before the next one is requested.

        Raises
        ------
        StageError
            If the source video is not the one that the row describes.

        """
        corruption = load(self.corruption, self.dialect)
        rows = [self._row(corruption, severity, clean) for severity in severities]
        if isinstance(clip, ClipError):
            for row in rows:
                yield CorruptedClip(row, 0, _failing(clip))
        elif corruption.acts_on == "pixels":
            yield from self._pixels(corruption, clip, rows, choose)
        else:
            yield from self._compression(corruption, clip, rows, choose)

    def _row(self, corruption: Corruption, severity: int, clean: ClipRow | CellRow) -> CellRow:
        return {
            **cell_row(
                clean,
                corruption=corruption.name,
                family=corruption.family,
                severity=severity,
                params=manifest.as_json({"level": corruption.level(severity, self.table)}),
                encoder=self.encoder,
            ),
            "dialect": corruption.dialect,
            "seed": self.seed,
        }

    def _context(self, row: CellRow, wanted: NDArray[np.intp] | None) -> Context:
        severity = str(row["severity"])
        random = ClipRandom(self.seed, self.dataset, row["key"], self.corruption, severity)
        fps = Fraction(row["fps_num"], row["fps_den"])
        return Context(random, wanted, fps, times_of(row))

    def _pixels(
        self, corruption: Corruption, clip: Clip, rows: Sequence[CellRow], choose: FrameSelector
    ) -> Iterator[CorruptedClip]:
        for row in rows:
            fps = Fraction(row["fps_num"], row["fps_den"])
            level = corruption.level(row["severity"], self.table)
            num_output = corruption.output_frames(len(clip), level, fps, times_of(row))
            context = self._context(row, choose(num_output))
            made = corruptions.corrupt_pixels(corruption, clip, level, context)
            if num_output == len(clip) and corruption.dialect == "ours":
                reference = clip if context.frames is None else clip[context.frames]
                row = {**row, "psnr": psnr(squared_error(made, reference), made.size)}
            rate = corruption.output_fps(level, fps)
            if not corruption.keeps_times or num_output != len(clip):
                row = _without_times(row)
            row = _with_rate(row, rate, num_output, context.wanted(num_output))
            yield CorruptedClip(row, num_output, made)

    def _compression(
        self, corruption: Corruption, clip: Clip, rows: Sequence[CellRow], choose: FrameSelector
    ) -> Iterator[CorruptedClip]:
        source = self.videos / str(rows[0]["source_path"])
        preprocess = Preprocess(self.picture.short_side, self.picture.crop)
        levels = [corruption.level(row["severity"], self.table) for row in rows]
        contexts = [self._context(row, choose(len(clip))) for row in rows]
        made = recompress(
            source,
            corruption,
            levels,
            contexts,
            timeout_seconds=self.timeout_seconds,
            options=source_clips.options_of(self.picture),
        )
        with source_clips.steady_source(source, rows[0]["source_sha256"]):
            failure: ClipError | None = None
            for row, context in zip(rows, contexts, strict=True):
                wanted = context.wanted(len(clip))
                fps = Fraction(row["fps_num"], row["fps_den"])
                row = _with_rate(row, fps, len(clip), wanted)
                try:
                    result = None if failure else next(made)
                except ClipError as error:
                    failure = error
                if failure is not None:  # it concerns all severities, whichever are made today
                    yield CorruptedClip(row, len(clip), _failing(failure))
                elif result is not None:
                    frames = _Encoded(result, preprocess, clip, wanted, row)
                    yield CorruptedClip(row, len(clip), frames, frames.facts)


class _Encoded:
    """Selected frames of one encoding; `facts` are the record of the damage, after the last one."""

    def __init__(
        self,
        result: Recompressed,
        preprocess: Preprocess,
        clip: Clip,
        wanted: NDArray[np.intp],
        row: CellRow,
    ) -> None:
        self._result = result
        self._preprocess = preprocess
        self._clip = clip
        self._wanted = frozenset(wanted.tolist())
        self._row = row
        self._error, self._count = 0.0, 0
        """Sum of squared differences from the clean frames, and values that it is over."""

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        num_frames = 0
        for index, frame in enumerate(self._result.frames):
            num_frames = index + 1
            if index not in self._wanted:
                continue
            picture = self._preprocess(frame, self._result.orientation, self._result.pixel_aspect)
            if index < len(self._clip):
                self._error += squared_error(picture, self._clip[index])
                self._count += picture.size
            yield picture
        if num_frames != len(self._clip):
            raise ClipError(f"decoded {num_frames} frames, expected {len(self._clip)}")

    def facts(self) -> CellRow:
        """Return PSNR, damage and encoder."""
        found: CellRow = {
            "psnr": psnr(self._error, self._count),
            "damaged_frames": self._result.damaged_frames,
            "repeated_frames": self._result.repeated_frames,
            "encoder": f"{self._result.encoder}; {self._row['encoder']}",
        }
        if self._result.damage is not None:
            record = {
                "bytes_damaged": self._result.damage.bytes_damaged,
                "bytes_total": self._result.damage.bytes_total,
                **self._result.damage.details,
            }
            found["params"] = manifest.as_json(
                {**json.loads(self._row["params"]), "damage": record}
            )
        return found


def _failing(error: ClipError) -> Iterator[NDArray[np.uint8]]:
    """Return frames whose reading raises `error`."""
    raise error
    yield  # this function is a generator


def stored_frames(frames: int | None) -> FrameSelector:
    """Return the selector of the frames that shards hold: all, or at most `frames`, spread."""

    def choose(num_output: int) -> NDArray[np.intp] | None:
        return None if frames is None or num_output <= frames else clip_indices(num_output, frames)

    return choose


def _with_rate(row: CellRow, fps: Fraction, num_output: int, selected: NDArray[np.intp]) -> CellRow:
    """Return the row with the rate at which the selected frames last as long as all of them.

    Frames of a variable rate keep their times.
    """
    rate = fps * len(selected) / num_output
    row = {**row, "fps_num": rate.numerator, "fps_den": rate.denominator}
    times = times_of(row)
    if times is not None:
        row |= tick_columns([*(times[index] for index in selected.tolist()), times[-1]])
    return row


def _without_times(row: CellRow) -> CellRow:
    """Return the row of frames that are evenly spaced."""
    row = {**row}
    row.pop("ticks_per_second", None)
    row.pop("frame_ticks", None)
    return row


def squared_error(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Return the sum of squared differences, exact: OpenCV adds integers frame by frame."""
    if made.ndim == 3:
        return float(cv2.norm(made, reference, cv2.NORM_L2SQR))
    return sum(squared_error(one, other) for one, other in zip(made, reference, strict=True))


def psnr(error: float, count: int) -> float | None:
    """Return the peak signal-to-noise ratio in dB of `count` values; None if they are equal."""
    return None if error == 0 else 10 * math.log10(255.0**2 * count / error)
