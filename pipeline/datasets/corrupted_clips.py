"""One clip in the cells of one corruption: clean row and clean pixels in, rows and frames out.

The corrupt stage stores what comes out here, the on-the-fly datasets hand it to a model. Pixel
corruptions change the clean clip; compression corruptions encode the source video again at its
native size and then preprocess it like a clean clip. What `corruptions.corrupt` gives for a clip is
what comes out: the code is the same.
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
from ..storage import manifest, payload, schemas
from ..storage.schemas import Row
from . import source_clips

Frames = Iterable[NDArray[np.uint8]]
"""Pictures (H, W, 3) of a clip, one by one; reading them fills in the clip's row."""


FrameSelector = Callable[[int], NDArray[np.intp] | None]
"""From the number of frames that come out, the indices of those wanted, ascending; None: all."""


@dataclass(frozen=True)
class ClipCorruptor:
    """All severities of one corruption of one dataset: whatever the pixels depend on."""

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
    """The payload in words, for the rows."""
    timeout_seconds: float

    @classmethod
    def of(cls, dataset: str, corruption: str, params: Params, root: Path) -> Self:
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
        self, severities: Sequence[int], clean: Row, clip: Clip, choose: FrameSelector
    ) -> Iterator[tuple[Row, Frames | ClipError]]:
        """The clip at each severity: its row so far, and its frames or why there are none.

        The frames of one severity must be read before the next is asked for. Reading them raises
        ClipError where the clip cannot be made. A source that is not what its row says is a
        StageError.
        """
        corruption = load(self.corruption, self.dialect)
        rows = [self.row(severity, clean) for severity in severities]
        maker = _pixels if corruption.acts_on == "pixels" else _compression
        yield from zip(rows, maker(self, corruption, clean, clip, rows, choose), strict=True)

    def row(self, severity: int, clean: Row) -> Row:
        """What a row says before its clip is made."""
        corruption = load(self.corruption, self.dialect)
        level = corruption.level(severity, self.table)
        return {name: clean[name] for name in schemas.CLIP_COLUMNS} | {
            "corruption": corruption.name,
            "family": corruption.family,
            "severity": severity,
            "dialect": corruption.dialect,
            "params": manifest.as_json({"level": level}),
            "seed": self.seed,
            "source_path": clean["source_path"],
            "source_sha256": clean["source_sha256"],
            "fps_num": clean["fps_num"],
            "fps_den": clean["fps_den"],
            "num_frames_source": clean["num_frames"],
            "encoder": self.encoder,
        }

    def context(self, row: Row, wanted: NDArray[np.intp] | None) -> Context:
        severity = str(row["severity"])
        random = ClipRandom(self.seed, self.dataset, row["key"], self.corruption, severity)
        return Context(random, wanted, Fraction(row["fps_num"], row["fps_den"]))


def stored_frames(frames: int | None) -> FrameSelector:
    """Which frames shards hold: all, or `frames` spread over clips that have more."""

    def choose(num_output: int) -> NDArray[np.intp] | None:
        return None if frames is None or num_output <= frames else clip_indices(num_output, frames)

    return choose


def _set_rate(row: Row, fps: Fraction, num_output: int, num_stored: int) -> None:
    """Frame rate of the stored frames, so that they last as long as all that came out."""
    rate = fps * num_stored / num_output
    row |= {"fps_num": rate.numerator, "fps_den": rate.denominator}


def _pixels(
    cells: ClipCorruptor,
    corruption: Corruption,
    clean: Row,
    clip: Clip,
    rows: Sequence[Row],
    choose: FrameSelector,
) -> Iterator[Frames]:
    fps = Fraction(clean["fps_num"], clean["fps_den"])
    for row in rows:
        level = corruption.level(row["severity"], cells.table)
        num_output = corruption.output_frames(len(clip), level, fps)
        context = cells.context(row, choose(num_output))
        made = corruptions.corrupt_pixels(corruption, clip, level, context)
        if num_output == len(clip) and corruption.dialect == "ours":
            reference = clip if context.frames is None else clip[context.frames]
            row["psnr"] = psnr(squared_error(made, reference), made.size)
        _set_rate(row, corruption.output_fps(level, fps), num_output, len(made))
        yield made


def _compression(
    cells: ClipCorruptor,
    corruption: Corruption,
    clean: Row,
    clip: Clip,
    rows: Sequence[Row],
    choose: FrameSelector,
) -> Iterator[Frames | ClipError]:
    source = cells.videos / clean["source_path"]
    preprocess = Preprocess(cells.picture.short_side, cells.picture.crop)
    levels = [corruption.level(row["severity"], cells.table) for row in rows]
    contexts = [cells.context(row, choose(len(clip))) for row in rows]
    fps = Fraction(clean["fps_num"], clean["fps_den"])
    for row, context in zip(rows, contexts, strict=True):
        _set_rate(row, fps, len(clip), len(context.wanted(len(clip))))
    made = recompress(source, corruption, levels, contexts, timeout_seconds=cells.timeout_seconds)
    with source_clips.steady_source(source, clean["source_sha256"]):
        failure: ClipError | None = None
        for row, context in zip(rows, contexts, strict=True):
            try:
                result = None if failure else next(made)
            except ClipError as error:
                failure = error
            if failure is not None:  # it concerns all severities, whichever are made today
                yield failure
            elif result is not None:
                yield _encoded(result, preprocess, clip, context, row)


def _encoded(
    result: Recompressed, preprocess: Preprocess, clip: Clip, context: Context, row: Row
) -> Iterator[NDArray[np.uint8]]:
    """Wanted frames of one encoding; fills in the row's record of the damage."""
    wanted = set(context.wanted(len(clip)).tolist())
    error, count, index = 0.0, 0, -1
    for index, frame in enumerate(result.frames):
        if index not in wanted:
            continue
        picture = preprocess(frame, result.rotation)
        if index < len(clip):
            error += squared_error(picture, clip[index])
            count += picture.size
        yield picture
    if index + 1 != len(clip):
        raise ClipError(f"{index + 1} frames came out of the decoder, not {len(clip)}")
    row |= {
        "psnr": psnr(error, count),
        "damaged_frames": result.damaged_frames,
        "repeated_frames": result.repeated_frames,
        "encoder": f"{result.encoder}; {row['encoder']}",
    }
    if result.damage is not None:
        record = {
            "bytes_damaged": result.damage.bytes_damaged,
            "bytes_total": result.damage.bytes_total,
            **result.damage.details,
        }
        row["params"] = manifest.as_json(
            {"level": json.loads(row["params"])["level"], "damage": record}
        )


def squared_error(made: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Sum of squared differences, exact: OpenCV sums bytes in integers frame by frame."""
    if made.ndim == 3:
        return float(cv2.norm(made, reference, cv2.NORM_L2SQR))
    return sum(squared_error(one, other) for one, other in zip(made, reference, strict=True))


def psnr(error: float, count: int) -> float | None:
    """Peak signal-to-noise ratio in dB of stored frames against the clean ones; None if equal."""
    return None if error == 0 else 10 * math.log10(255.0**2 * count / error)
