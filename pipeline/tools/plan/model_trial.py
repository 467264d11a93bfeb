"""Trial of models: the evaluate stage on a few clips, timed per clip and cell.

A model without weights is timed with random ones. On a GPU wall-clock time is measured, including
waiting for data; on a CPU, CPU time, since other programs run there as well.
"""

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import models
from ...datasets.class_list import read_classes
from ...model_settings import ModelSettings
from ...models import catalog
from ...models.device import ComputeDevice
from ...params import Params
from ...stages.evaluate.evaluate import evaluate
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.rows import CellRow
from .trial import cpu_seconds

SEVERITIES = (1, 2)
"""Cells of the trial: the first warms up, the second is timed."""

ROUNDS = 3

HEAVY = 10
"""GMAC above which one clip keeps all cores of a CPU busy, so that no batch is needed."""


@dataclass(frozen=True)
class ModelCost:
    """Measured cost of one model of the dataset."""

    name: str
    seconds: tuple[float, ...]
    """Per clip and cell, one value per round: CPU time on a CPU, wall-clock time on a GPU."""
    trained: bool
    """True if it was timed with its own weights; the time does not depend on them."""
    gmac: float | None
    """Billions of multiply-adds per clip; None for an external model."""


def try_model(
    name: str,
    clean: Sequence[CellRow],
    params: Params,
    project: Path,
    folder: Path,
    device: ComputeDevice,
) -> ModelCost:
    """Time one model of the dataset on stored clean clips, which represent those of every cell.

    `params` are those of `trial_params`, `project` is the folder of the weights, and `clean` are
    rows whose shards have absolute paths.
    """
    dataset = clean[0]["dataset"]
    settings, trained = _with_weights(name, dataset, params, project, folder)
    gmac = _gmac(name, settings, dataset, params)
    heavy = gmac is not None and gmac > HEAVY and not device.is_gpu
    count = 1 if heavy else params.machine.batch_size * (2 if device.is_gpu else 1)
    links = _link(sorted({row["shard"] for row in clean}), folder)
    rows = [row | {"shard": links[row["shard"]]} for row in clean]
    most = Counter(row["shard"] for row in rows).most_common(1)[0][0]
    rows = [row for row in rows if row["shard"] == most]  # a batch has clips of one shard
    rows = [rows[number % len(rows)] for number in range(count)]
    cells = [row | {"severity": severity} for severity in SEVERITIES for row in rows]
    paths = DatasetPaths(folder, dataset)
    corruption = params.corruptions[0]
    manifest.write(paths.manifest("clean"), rows[:1], schemas.CELLS)
    manifest.write(paths.manifest(corruption), cells, schemas.CELLS)
    changes = {"corruptions": (corruption,), "models": {dataset: {name: settings}}}
    clock = time.perf_counter if device.is_gpu else cpu_seconds

    def run(severities: tuple[int, ...]) -> float:
        start = clock()
        evaluate(params.model_copy(update=changes | {"severities": severities}), folder, dataset)
        return clock() - start

    seconds = []
    for _ in range(ROUNDS):
        run(SEVERITIES[:1])
        both = run(SEVERITIES)
        nothing = run(SEVERITIES)  # loads the model and finds every cell done
        seconds.append(max(0.0, both - nothing) / (len(SEVERITIES) - 1) / count)
        shutil.rmtree(paths.data / "evaluate")
    return ModelCost(name, tuple(seconds), trained, gmac)


def _link(shards: Sequence[str], folder: Path) -> dict[str, str]:
    """Link the shards below `folder`, since a manifest must not name files outside its project."""
    names = {shard: f"clips/{number}.tar" for number, shard in enumerate(shards)}
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    for shard, name in names.items():
        (folder / name).symlink_to(shard)
    return names


def _with_weights(
    name: str, dataset: str, params: Params, project: Path, folder: Path
) -> tuple[ModelSettings, bool]:
    """Return the model's settings with its own weights, or with random ones if they are missing.

    The second value is True if the weights are its own.
    """
    import torch

    settings = params.models[dataset][name]
    entry = settings.model or name
    weights = settings.weights and project / settings.weights
    if weights is None and entry in models.names():
        weights = DatasetPaths(project, dataset).weights(name)
    labels = settings.labels and project / settings.labels
    if weights is None or weights.is_file() or entry not in models.names():
        return settings.model_copy(update={"weights": weights, "labels": labels}), True
    weights = folder / "random.pt"
    network = models.load(entry).build(_num_classes(dataset, params), **_options(entry, settings))
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), weights)
    return settings.model_copy(update={"weights": weights, "labels": None}), False


def _options(zoo_name: str, settings: ModelSettings) -> dict[str, object]:
    """Return the options of a zoo model; those that follow its input are as `load_model` sets."""
    options = dict(settings.options)
    entry = models.load(zoo_name)
    for key in ("frames", "size"):
        if key in entry.options:
            options.setdefault(key, getattr(_input(zoo_name, settings), key))
    return options


def _input(zoo_name: str, settings: ModelSettings) -> models.InputSpec:
    """Return the input of a model of ours."""
    given = settings.input.given if settings.input else {}
    return models.complete_input(zoo_name, models.load(zoo_name).input, given)


def _num_classes(dataset: str, params: Params) -> int:
    return len(read_classes(params.filter.sources[dataset].classes))


def _gmac(name: str, settings: ModelSettings, dataset: str, params: Params) -> float | None:
    zoo_name = settings.model or name
    if zoo_name not in models.names():
        return None
    entry = models.load(zoo_name)
    spec = _input(zoo_name, settings)
    classes = _num_classes(dataset, params)
    _, macs = catalog.count(entry, classes, spec.frames, spec.size, **_options(zoo_name, settings))
    return macs / 1e9
