"""Check of the inputs of a dataset: everything that a run will need, before it starts.

A stage that lacks something says so when its turn comes, which can be days after the start. Here
the files, classes, annotations, models, encoders, rights and disk of all stages are checked at once
within seconds; only models with weights take longer, since they are loaded as for their evaluation.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

import av
import numpy as np

import corruptions

from ... import models
from ...datasets.annotations import read_annotations
from ...datasets.class_list import read_classes
from ...datasets.probe import ProbeTask, probe_clips
from ...datasets.video_files import search_hint
from ...errors import ClipError, SettingsError, StageError
from ...media import ffmpeg
from ...messages import one_line
from ...models.device import ComputeDevice, select_device
from ...params import Params
from ...stages.evaluate.load import load_models
from ...stages.filter import find_clips
from ...stages.train.distributed import ProcessGroup
from ...stages.train.train import plan_training
from ...storage.paths import DatasetPaths
from ...storage.rows import ClipRow
from .result import CheckResult

OPENED = 3
"""Videos per split that are opened."""

BYTES_PER_PIXEL = 0.2
"""Least size of a stored pixel, for a lower bound of the disk space; `plan` measures it."""

OF_FILTER = ("classes", "annotations", "videos", "sample")
"""Checks of what the filter stage reads."""

ENCODERS = {"h264": "libx264", "h265": "libx265"}
"""Encoder by the beginning of a corruption's name."""


def check_dataset(dataset: str, params: Params, root: Path) -> Iterator[CheckResult]:
    """Yield the results of all checks of one dataset; nothing is written."""
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    yield (classes := _result("classes", partial(_classes, dataset, params, root)))
    yield _result("splits", partial(_splits, dataset, params))
    yield _result("annotations", partial(_annotations, dataset, params, root))
    yield from _video_checks(dataset, params, paths)
    yield _result("encoders", partial(_encoders, params))
    yield _result("rights", partial(_rights, paths))
    yield _result("models run on", partial(_device, params))
    if not params.models.get(dataset):
        yield CheckResult("models", f"none: models.{dataset} is empty, nothing will be evaluated")
    for name in params.models.get(dataset, {}):
        yield _result(f"model {name}", partial(_model, name, dataset, params, paths))
    for name in params.train.get(dataset, {}) if classes.passed else ():
        yield _result(f"training {name}", partial(_training, name, dataset, params, root))


def later_problems(dataset: str, params: Params, root: Path) -> str:
    """Return a message with the failed checks of all stages after filter; empty if all passed.

    What the filter stage reads itself it reports itself.
    """
    lines = [
        f"- {one.name}: {one.detail}"
        for one in check_dataset(dataset, params, root)
        if not one.passed and one.name not in OF_FILTER
    ]
    if not lines:
        return ""
    return "\n".join(
        [
            f"{dataset}: a later stage would fail:",
            *lines,
            f"`python -m pipeline check --dataset {dataset}` repeats these checks.",
        ]
    )


def _result(name: str, work: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, work())
    except (SettingsError, StageError, ClipError, ImportError, OSError) as error:
        return CheckResult(name, str(error), passed=False)


def _classes(dataset: str, params: Params, root: Path) -> str:
    path = root / params.filter.sources[dataset].classes
    return f"{len(read_classes(path)):,} in {path}"


def _splits(dataset: str, params: Params) -> str:
    splits = params.filter.sources[dataset].splits
    for key, split in (
        ("corrupt.split", params.corrupt.split),
        ("evaluate.split", params.evaluate.split),
    ):
        if split not in splits:
            raise SettingsError(
                f"params.yaml: {key}: unknown split (got {split!r}); choose from "
                f"filter.sources.{dataset}.splits: {', '.join(splits)}."
            )
    return ", ".join(splits)


def _annotations(dataset: str, params: Params, root: Path) -> str:
    source = params.filter.sources[dataset].below(root)
    counts = Counter(clip.split for clip in read_annotations(source))
    return ", ".join(f"{count:,} clips of {split}" for split, count in sorted(counts.items()))


def _video_checks(dataset: str, params: Params, paths: DatasetPaths) -> Iterator[CheckResult]:
    try:
        (task,) = find_clips(params, paths.root, dataset)
    except (SettingsError, OSError) as error:
        yield CheckResult("videos", str(error), passed=False)
        return
    yield _result("videos", partial(_videos, task, params))
    splits = sorted({one.clip.split for one in task.found})
    rows = [row for split in splits for row in probe_clips(_first(task, split))]
    usable = [row for row in rows if row["status"] == "ok"]
    yield _result("sample", partial(_sample, rows, usable, task))
    if usable:
        yield _result("disk", partial(_disk, task, usable, params, paths))


def _videos(task: ProbeTask, params: Params) -> str:
    missing = [one.clip for one in task.found if one.file is None]
    text = f"{len(task.found) - len(missing):,} of {len(task.found):,} listed clips found"
    if len(missing) > params.filter.allowed_failures * len(task.found):
        raise SettingsError(
            f"{text}, with filter.allowed_failures = {params.filter.allowed_failures:g}; the check "
            f"{search_hint(task.limits.videos, missing[0].key, missing[0].file)}."
        )
    return text


def _first(task: ProbeTask, split: str) -> ProbeTask:
    """Return the task of the first videos of a split."""
    own = (one for one in task.found if one.clip.split == split and one.file is not None)
    return ProbeTask(tuple(islice(own, OPENED)), task.limits)


def _sample(rows: Sequence[ClipRow], usable: Sequence[ClipRow], task: ProbeTask) -> str:
    if not usable:
        broken = f", such as {rows[0]['source_path']}: {rows[0]['reason']}" if rows else ""
        raise SettingsError(
            f"{task.limits.videos}: none of {len(rows)} videos is usable{broken}; get them again."
        )
    return f"{len(usable)} of {len(rows)} opened videos are usable"


def _disk(task: ProbeTask, usable: Sequence[ClipRow], params: Params, paths: DatasetPaths) -> str:
    """Compare a lower bound of the size of all shards with the free space."""
    frames = min(row["num_frames"] or 0 for row in usable)
    stored = params.corrupt.frames
    corrupted_frames = frames if stored == "all" else min(frames, stored)
    cells = len(params.corruptions) * len(params.severities)
    found = [one.clip for one in task.found if one.file is not None]
    corrupted = sum(clip.split == params.corrupt.split for clip in found)
    side = params.decode.pictures[paths.dataset].crop
    needed = (len(found) * frames + corrupted * cells * corrupted_frames) * side**2
    needed_gb = needed * BYTES_PER_PIXEL / 1e9
    used_gb = sum(path.stat().st_size for path in paths.data.rglob("*.tar")) / 1e9
    free_gb = shutil.disk_usage(_existing(paths.data)).free / 1e9
    text = f"at least {needed_gb:,.1f} GB needed, {free_gb:,.1f} GB free, {used_gb:,.1f} GB written"
    if needed_gb > free_gb + used_gb:
        raise SettingsError(
            f"{text}; store fewer frames with `corrupt.frames: 32`, choose fewer corruptions, or "
            "use a larger disk (see `python -m pipeline plan`)."
        )
    return text


def _encoders(params: Params) -> str:
    for name in params.corruptions:
        encoder = ENCODERS.get(name.partition("_")[0])
        if encoder is not None and encoder not in av.codecs_available:
            raise SettingsError(f"{name}: PyAV has no encoder {encoder}; install av from PyPI.")
    if "motion_blur_magick" in params.corruptions:
        frame = np.zeros((1, 8, 8, 3), np.uint8)
        corruptions.corrupt(frame, "motion_blur_magick", 1, key="check")
    return ffmpeg.version()


def _rights(paths: DatasetPaths) -> str:
    for folder in (paths.data, paths.manifests, paths.root / "report"):
        existing = _existing(folder)
        try:
            with TemporaryFile(dir=existing):
                pass
        except OSError as error:
            raise SettingsError(
                f"{existing}: cannot be written ({error.strerror}); correct its rights or its disk."
            ) from error
    return "output folders can be written"


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    existing = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    if not existing.is_dir():
        raise SettingsError(f"{existing}: is not a folder; outputs go there, move it away.")
    return existing


def _device(params: Params) -> str:
    import torch

    device = select_device(params.machine)
    try:
        torch.ones(1, device=device.name)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for a device
        raise SettingsError(
            f"params.yaml: machine.device: {device.name!r} cannot be used here "
            f"({one_line(error)}); set it to auto."
        ) from error
    return f"{device.name}, {device.precision}"


def _model(name: str, dataset: str, params: Params, paths: DatasetPaths) -> str:
    settings = params.models[dataset][name]
    network = settings.model or name
    trained = network in models.names() and settings.weights is None
    if trained and not paths.weights(name).is_file() and name in params.train.get(dataset, {}):
        return "its weights will be written by the train stage"
    one = params.model_copy(update={"models": {dataset: {name: settings}}})
    size = params.decode.pictures[dataset].crop
    loaded, failed = load_models(dataset, one, paths, size)
    if name in failed:
        raise failed[name]
    spec = loaded[name].input
    return (
        f"can be loaded; takes {spec.frames} frames of {spec.size} px; protocol: "
        f"{spec.protocol(params.evaluate.frames, size, params.evaluate.has_payload)}"
    )


def _training(name: str, dataset: str, params: Params, root: Path) -> str:
    device = ComputeDevice("cpu", "fp32")  # the result `models run on` is about the device
    run = plan_training(dataset, name, params, root, device, ProcessGroup())
    return f"{run.settings.epochs} epochs"
