"""Plan: estimated cost of a run, measured on a few of its clips.

The stages run on a few clips in a temporary folder (`trial`); the costs are extrapolated to the
whole grid (`estimate`) with the sizes of all clips (`survey`). The project is not changed.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from tarfile import RECORDSIZE

import numpy as np

from ...datasets.video_files import search_hint
from ...errors import SettingsError
from ...execution.progress import progress_bar, without_bars
from ...models.device import ComputeDevice, select_device
from ...params import Params
from ...stages.filter import find_clips
from ...storage.paths import DatasetPaths
from .disk import can_link
from .estimate import (
    FRAMES,
    Estimate,
    EstimateInterval,
    Sizes,
    estimate,
    exactly,
    of_noise,
    of_rounds,
)
from .model_trial import try_model
from .survey import Survey, survey
from .trial import CLEAN, SHARD_END, Trial, peak_bytes, trial_params, try_sample
from .ways import Way, compare_ways


@dataclass(frozen=True)
class StageEstimate:
    """Estimate of one stage: decoding (`clean`), or a corruption with all its severities."""

    name: str
    core_hours: EstimateInterval
    bytes: EstimateInterval
    """Size of the shards."""
    shards: int


@dataclass(frozen=True)
class MemoryEstimate:
    """Peak memory of one worker on the measured clips, in bytes."""

    worker: int
    ffmpeg: int
    """Peak of the ffmpeg process that runs beside the worker while it encodes."""
    measured_frames: int
    """Frames of the longest measured clip."""
    longest_frames: int
    """Frames of the longest clip whose length is known."""


@dataclass(frozen=True)
class ModelEstimate:
    """Estimate of one model over the clean set and all cells."""

    model: str
    hours: EstimateInterval | None
    """GPU-hours on this device, or core-hours on a CPU; None if it cannot run (see `reason`)."""
    petamac: float | None
    """10^15 multiply-adds of all its clips, for other devices; None for an external model."""
    trained: bool = True
    """True if it was timed with its own weights; random ones take the same time."""
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """Estimated cost of a run."""

    dataset: str
    sizes_known: bool
    """True if the sizes of all clips come from the filter stage."""
    clips: dict[str, int]
    """Usable clips per split, estimated if the sizes are not known."""
    cells: int
    measured: dict[str, int]
    """Clips per split that were decoded for this plan, and corrupted if the run does so."""
    failed: int
    """Number of measured clips and cells that failed."""
    stages: tuple[StageEstimate, ...]
    total: StageEstimate
    workers: int
    wall_hours: EstimateInterval
    """Wall-clock time of decoding and corrupting if the workers do not slow each other down."""
    files: int
    """Number of shards and parts."""
    device: str
    precision: str
    evaluations: tuple[ModelEstimate, ...]
    ways: tuple[Way, ...]
    """Ways to evaluate the split that is corrupted, side by side."""
    memory: MemoryEstimate
    disk_free: int
    disk_used: int
    """Bytes of shards that are already written."""
    cache_is_linked: bool
    """True if DVC's cache can hold the shards as hard links; otherwise it holds copies."""

    @property
    def fits_disk(self) -> bool:
        """True if the upper bound of the bytes still to be written is free."""
        copies = 1 if self.cache_is_linked else 2
        return copies * (self.total.bytes.high - self.disk_used) <= self.disk_free


@dataclass(frozen=True)
class _Measured:
    """A split, its sample, and the costs of the stages on the sample."""

    clips: Survey
    sizes: Sizes
    trial: Trial


def plan(
    dataset: str,
    params: Params,
    root: Path,
    *,
    clips: int,
    seed: int = 0,
    models: bool = True,
) -> Plan:
    """Measure `clips` clips per split and, if `models`, the models; estimate the whole run."""
    params.check_dataset(dataset)
    rng = np.random.Generator(np.random.Philox(seed))
    surveys, sizes_known = survey(dataset, params, root, rng)
    split = params.corrupt.split
    if split not in surveys or not surveys[split].population.usable:
        raise SettingsError(
            f"{dataset}: no usable clip of split {split!r}; check filter.sources.{dataset} in "
            f"params.yaml, or put the videos below {root / params.filter.sources[dataset].videos}. "
            f"The plan {_search_hint(dataset, params, root)}."
        )
    samples = {name: one.sample(clips, rng) for name, one in surveys.items()}
    samples = {name: sample for name, sample in samples.items() if sample[0]}
    with (
        tempfile.TemporaryDirectory(prefix="plan-") as temporary,
        progress_bar(f"plan {dataset}", sum(len(rows) for rows, _ in samples.values())) as advance,
        without_bars(),
    ):
        folder = Path(temporary)
        measured = {
            name: _Measured(
                surveys[name],
                sizes,
                try_sample(
                    rows,
                    params.corruptions if name == split else (),
                    trial_params(dataset, params, root, name),
                    folder / name,
                    lambda: advance(1),
                ),
            )
            for name, (rows, sizes) in samples.items()
        }
        memory = _memory(measured)
        device = select_device(params.machine)  # imports torch, which workers do not need
        evaluations = _evaluations(dataset, params, root, folder, measured, device, models)
        small = trial_params(dataset, params, root, split)
        ways = compare_ways(*samples[split], measured[split].clips.population, small, folder)
    stages = _stages(params, dataset, measured)
    seconds, size = (
        reduce(add, (some[kind] for some, _ in stages.values())) for kind in ("seconds", "bytes")
    )
    lines = tuple(
        _line(name, some["seconds"], some["bytes"], shards)
        for name, (some, shards) in stages.items()
    )
    total = _line("total", seconds, size, sum(line.shards for line in lines))
    workers = min(params.machine.num_workers, len(os.sched_getaffinity(0)))
    paths = DatasetPaths(root, dataset)
    return Plan(
        dataset=dataset,
        sizes_known=sizes_known,
        clips={name: round(one.population.usable) for name, one in surveys.items()},
        cells=len(params.corruptions) * len(params.severities),
        measured={name: len(one.trial.costs) for name, one in measured.items()},
        failed=sum(one.trial.failed for one in measured.values()),
        stages=lines,
        total=total,
        workers=params.machine.num_workers,
        wall_hours=_scaled(total.core_hours, 1 / workers),
        files=2 * total.shards,
        device=device.name,
        precision=device.precision,
        evaluations=evaluations,
        ways=ways,
        memory=memory,
        disk_free=shutil.disk_usage(root).free,
        cache_is_linked=can_link(root / ".dvc/cache", paths.data),
        disk_used=sum(
            path.stat().st_size
            for part in ("clean", "corrupted")
            for path in (paths.data / part).rglob("*.tar")
        ),
    )


def _search_hint(dataset: str, params: Params, root: Path) -> str:
    (task,) = find_clips(params, root, dataset)
    clip = task.found[0].clip
    return search_hint(task.limits.videos, clip.key, clip.file)


def _stages(
    params: Params, dataset: str, measured: Mapping[str, _Measured]
) -> dict[str, tuple[dict[str, Estimate], int]]:
    """Estimate CPU seconds and bytes of each stage; return them with its number of shards."""
    per_shard = params.decode.pictures[dataset].clips_per_shard
    found: dict[str, tuple[dict[str, Estimate], int]] = {}
    for split, one in measured.items():
        clean_shards = -(-one.clips.listed // per_shard)
        for name in one.trial.per_shard:
            shards = clean_shards * (1 if name == CLEAN else len(params.severities))
            costs = [clip[name] for clip in one.trial.costs]
            seconds = np.array([cost.seconds for cost in costs])
            sizes = np.array([float(cost.bytes) for cost in costs])
            population = one.clips.population
            ends = shards * (SHARD_END + RECORDSIZE / 2)
            scatter = RECORDSIZE / 12**0.5 * shards**0.5
            made = {
                "seconds": estimate(seconds, one.sizes, population, split)
                + of_noise(one.trial.per_shard[name], clean_shards, f"shards of {split} {name}"),
                "bytes": estimate(sizes, one.sizes, population, split)
                + exactly(ends, scatter, f"ends of {split} {name}"),
            }
            if name in found:
                before, count = found[name]
                made = {kind: before[kind] + made[kind] for kind in made}
                shards += count
            found[name] = (made, shards)
    return found


def _line(name: str, seconds: Estimate, size: Estimate, shards: int) -> StageEstimate:
    return StageEstimate(name, _scaled(seconds.interval(), 1 / 3600), size.interval(), shards)


def _scaled(interval: EstimateInterval, factor: float) -> EstimateInterval:
    return EstimateInterval(interval.value * factor, interval.low * factor, interval.high * factor)


def _memory(measured: Mapping[str, _Measured]) -> MemoryEstimate:
    worker, ffmpeg = peak_bytes()
    return MemoryEstimate(
        worker=worker,
        ffmpeg=ffmpeg,
        measured_frames=int(max(one.sizes[:, FRAMES].max() for one in measured.values())),
        longest_frames=int(max(one.clips.sizes[:, FRAMES].max() for one in measured.values())),
    )


def _evaluations(
    dataset: str,
    params: Params,
    root: Path,
    folder: Path,
    measured: Mapping[str, _Measured],
    device: ComputeDevice,
    wanted: bool,
) -> tuple[ModelEstimate, ...]:
    """Estimate every model of the dataset over the clean set and all cells."""
    one = measured[params.corrupt.split]
    if not wanted or not one.trial.clean:
        return ()
    small = trial_params(dataset, params, root, params.corrupt.split)
    predictions = one.clips.population.usable * (
        1 + len(params.corruptions) * len(params.severities)
    )
    made = []
    for name in params.models.get(dataset, {}):
        try:
            cost = try_model(name, one.trial.clean, small, root, folder / f"model {name}", device)
        except SettingsError as error:
            made.append(ModelEstimate(name, None, None, reason=str(error)))
            continue
        hours = _scaled(of_rounds(cost.seconds, predictions, name).interval(), 1 / 3600)
        petamac = None if cost.gmac is None else cost.gmac * predictions / 1e6
        made.append(ModelEstimate(name, hours, petamac, cost.trained))
    return tuple(made)
