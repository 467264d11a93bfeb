"""Cost of the ways to evaluate: straight from the videos, or through shards of all or of 32 frames.

Every way is measured on a few clips of the sample: from the source video to the frames that models
take, in the clean set and in all cells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...datasets.cell_frames import CellFrames
from ...errors import ClipError
from ...media.sampling import clip_indices
from ...params import Params
from ...stages.corrupt import corrupt
from ...stages.decode import decode
from ...stages.evaluate.batches import Batch
from ...stages.evaluate.clip_maker import BatchFrames, ClipMaker, ClipTask
from ...storage import manifest, schemas
from ...storage.clip_reader import StoredClip, read_clip
from ...storage.paths import DatasetPaths
from ...storage.rows import ClipRow
from .estimate import EstimateInterval, Population, Sizes, estimate
from .trial import Cost, cpu_seconds, sizes_below

CLIPS = 4
"""Clips of the sample on which the ways are measured."""

FEW = 32
"""Frames per stored clip in the smaller shards, those of the benchmark's protocol."""

VIDEOS = "reads: videos"


@dataclass(frozen=True)
class Way:
    """Estimate of one way for the evaluated split, without the models, which cost the same."""

    name: str
    core_hours: EstimateInterval
    bytes: EstimateInterval
    """Size of the shards."""


def compare_ways(
    rows: Sequence[ClipRow], sizes: Sizes, population: Population, params: Params, folder: Path
) -> tuple[Way, ...]:
    """Measure every way on some of the rows; estimate it for the whole split.

    `params` are those of `trial_params`.
    """
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(CLIPS, len(rows))).astype(int))
    found = []
    _from_video(rows[0], params, folder)  # tables are computed once per process
    for name, measure, chosen_params in _ways(params):
        absent = rows[0] | {"status": "missing", "reason": "no file"}
        fixed = measure(absent, chosen_params, folder / f"{name} without clips").seconds
        costs = [
            measure(rows[n], chosen_params, folder / f"{name} {rows[n]['key']}") for n in chosen
        ]
        seconds = np.array([max(0.0, cost.seconds - fixed) for cost in costs])
        stored = np.array([float(cost.bytes) for cost in costs])
        hours, size = (
            estimate(values, sizes[chosen], population, name).interval()
            for values in (seconds / 3600, stored)
        )
        found.append(Way(name, hours, size))
    return tuple(found)


def _ways(params: Params) -> list[tuple[str, Callable[[ClipRow, Params, Path], Cost], Params]]:
    def storing(frames: str | int) -> Params:
        section = params.corrupt.model_copy(update={"frames": frames})
        return params.model_copy(update={"corrupt": section})

    return [
        (VIDEOS, _from_video, params),
        ("shards, frames: all", _through_shards, storing("all")),
        (f"shards, frames: {FEW}", _through_shards, storing(FEW)),
    ]


def _from_video(row: ClipRow, params: Params, folder: Path) -> Cost:
    """Return the cost of the frames as an evaluation from videos prepares them."""
    start = cpu_seconds()
    if row["status"] == "ok":
        frames = CellFrames(row["dataset"], params, folder, params.evaluate.has_payload)
        take = BatchFrames(params, Batch((), tuple(range(params.evaluate.frames))))
        task = ClipTask(row, (schemas.CLEAN, *params.corruptions))
        for clip in ClipMaker(frames, take)(task):
            if clip.error is None:
                clip.read()
    return Cost(cpu_seconds() - start, 0)


def _through_shards(row: ClipRow, params: Params, folder: Path) -> Cost:
    """Return the cost of writing shards and reading the frames, and the bytes of the shards."""
    dataset = row["dataset"]
    paths = DatasetPaths(folder, dataset)
    manifest.write(paths.clips, [row], schemas.CLIPS)
    start = cpu_seconds()
    decode(params, folder, dataset)
    for name in params.corruptions:
        corrupt(params, folder, dataset, name)
    for name in (schemas.CLEAN, *params.corruptions):
        for cell in manifest.read_rows(paths.manifest(name), schemas.CELLS):
            if cell["status"] == "ok":
                clip = StoredClip.of(cell, folder)
                try:
                    read_clip(clip, clip_indices(clip.num_frames, params.evaluate.frames))
                except ClipError:
                    continue
    return Cost(cpu_seconds() - start, sum(sizes_below(paths.data)))
