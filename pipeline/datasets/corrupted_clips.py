"""Corrupted clips: one clip at several severities of one corruption.

Pixel corruptions change the clean frames. Compression corruptions encode the source video again at
its native size and preprocess the result like a clean clip. The corrupt stage stores these clips,
the torch datasets return them, and `corruptions.corrupt` computes the same frames.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.registry import Corruption, load, with_levels
from corruptions.timing import Timing, corrupt_over_time
from corruptions.types import Clip, ClipRandom, Context, Dialect, Level

from ..errors import ClipError
from ..media.preprocess import Preprocess
from ..media.quality import psnr, squared_error
from ..media.recompress import Recompressed, recompress
from ..media.sampling import clip_indices
from ..params import Params
from ..settings import PictureSettings
from ..storage import manifest, payload
from ..storage.cell_rows import cell_row
from ..storage.frame_times import times_of
from ..storage.rows import CellRow, ClipRow
from ..storage.shard_writer import Facts, no_facts
from . import source_clips
from .output_times import with_rate, without_times

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
    levels: tuple[Level, ...] | None = None
    """Levels of severities 1 to 5 that replace those of the severity table."""
    timing: Timing | None = None
    """Part of the clip that is corrupted, and the severity over time."""
    cropped: bool = True
    """False: clean clips and encoded ones keep the whole picture after the resize."""

    @classmethod
    def of(
        cls, dataset: str, corruption: str, params: Params, root: Path, *, cropped: bool = True
    ) -> Self:
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
            levels=params.corrupt.custom_levels.get(corruption),
            timing=params.corrupt.timing.get(corruption),
            cropped=cropped,
        )

    def load(self) -> Corruption:
        """Return the corruption with the levels of this dataset."""
        return with_levels(load(self.corruption, self.dialect), self.levels)

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
        corruption = self.load()
        rows = [self._row(corruption, severity, clean) for severity in severities]
        if isinstance(clip, ClipError):
            for row in rows:
                yield CorruptedClip(row, 0, _failing(clip))
        elif corruption.acts_on == "pixels":
            yield from self._pixels(corruption, clip, rows, choose)
        else:
            yield from self._compression(corruption, clip, rows, choose)

    def _row(self, corruption: Corruption, severity: int, clean: ClipRow | CellRow) -> CellRow:
        used = {"level": corruption.level(severity, self.table)}
        if self.timing is not None:
            used["timing"] = asdict(self.timing)
        return {
            **cell_row(
                clean,
                corruption=corruption.name,
                family=corruption.family,
                severity=severity,
                params=manifest.as_json(used),
                encoder=self.encoder,
            ),
            "dialect": corruption.dialect,
            "seed": self.seed,
        }

    def _context(self, row: CellRow, wanted: NDArray[np.intp] | None) -> Context:
        severity = str(row["severity"])
        if self.levels is not None and self.timing is None:  # as `corrupt` with a level
            severity = f"level {self.levels[row['severity'] - 1]}"
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
            if self.timing is None:
                made = corruptions.corrupt_pixels(corruption, clip, level, context)
            else:
                made = corrupt_over_time(
                    corruption, clip, row["severity"], self.table, context, self.timing
                )
            if num_output == len(clip) and corruption.dialect == "ours":
                reference = clip if context.frames is None else clip[context.frames]
                row = {**row, "psnr": psnr(squared_error(made, reference), made.size)}
            rate = corruption.output_fps(level, fps)
            if not corruption.keeps_times or num_output != len(clip):
                row = without_times(row)
            row = with_rate(row, rate, num_output, context.wanted(num_output))
            yield CorruptedClip(row, num_output, made)

    def _compression(
        self, corruption: Corruption, clip: Clip, rows: Sequence[CellRow], choose: FrameSelector
    ) -> Iterator[CorruptedClip]:
        source = self.videos / str(rows[0]["source_path"])
        preprocess = Preprocess(
            self.picture.short_side, self.picture.crop if self.cropped else None
        )
        levels = [corruption.level(row["severity"], self.table) for row in rows]
        contexts = [self._context(row, choose(len(clip))) for row in rows]
        made = recompress(
            source,
            corruption,
            levels,
            contexts,
            timeout_seconds=self.timeout_seconds,
            options=source_clips.options_of(self.picture),
            segment=source_clips.segment_of(rows[0]),
        )
        with source_clips.steady_source(source, rows[0]["source_sha256"]):
            failure: ClipError | None = None
            for row, context in zip(rows, contexts, strict=True):
                wanted = context.wanted(len(clip))
                fps = Fraction(row["fps_num"], row["fps_den"])
                row = with_rate(row, fps, len(clip), wanted)
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
