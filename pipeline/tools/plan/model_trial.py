"""Trial of models: the evaluate stage itself on a few clips, and what a clip of a cell costs.

Without weights the same network with random ones is timed. On a GPU the time is that of the clock,
waiting for data included; on a CPU it is CPU time, since other programs run there as well.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import models
from ...datasets.class_list import read_classes
from ...models import catalog
from ...models.device import ComputeDevice
from ...params import Params
from ...settings import ModelSettings
from ...stages.evaluate.evaluate import evaluate
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from ...storage.schemas import Row
from .trial import cpu_seconds

SEVERITIES = (1, 2)
"""Cells of the trial: the first warms up, the second is timed."""

ROUNDS = 3

HEAVY = 10
"""GMAC from which one clip fills the cores of a CPU, so that a batch is not needed."""


@dataclass(frozen=True)
class ModelCost:
    """One model of the dataset, timed here."""

    name: str
    seconds: tuple[float, ...]
    """Of one clip in one cell, round by round: CPU time on a CPU, time of the clock on a GPU."""
    trained: bool
    """Whether it had its weights; the time does not depend on them."""
    gmac: float | None
    """Billions of multiply-adds of one clip; None for a model that is not of this project."""


def try_model(
    name: str,
    clean: Sequence[Row],
    params: Params,
    project: Path,
    folder: Path,
    place: ComputeDevice,
) -> ModelCost:
    """Time one model of the dataset on stored clean clips, which stand for those of every cell.

    `params` are those of `trial_params`, `project` is where the weights lie, and `clean` are rows
    whose shards have absolute paths.
    """
    dataset = clean[0]["dataset"]
    settings, trained = _with_weights(name, dataset, params, project, folder)
    gmac = _gmac(name, settings, dataset, params)
    heavy = gmac is not None and gmac > HEAVY and not place.is_gpu
    count = 1 if heavy else params.machine.batch_size * (2 if place.is_gpu else 1)
    here = _link(sorted({row["shard"] for row in clean}), folder)
    rows = [row | {"shard": here[row["shard"]]} for row in clean]
    rows = [rows[number % len(rows)] for number in range(count)]
    cells = [row | {"severity": severity} for severity in SEVERITIES for row in rows]
    layout = DatasetPaths(folder, dataset)
    corruption = params.corruptions[0]
    manifest.write(layout.manifest("clean"), rows[:1], schemas.CELLS)
    manifest.write(layout.manifest(corruption), cells, schemas.CELLS)
    changes = {"corruptions": (corruption,), "models": {dataset: {name: settings}}}
    clock = time.perf_counter if place.is_gpu else cpu_seconds

    def run(severities: tuple[int, ...]) -> float:
        start = clock()
        evaluate(dataset, params.model_copy(update=changes | {"severities": severities}), folder)
        return clock() - start

    seconds = []
    for _ in range(ROUNDS):
        run(SEVERITIES[:1])
        both = run(SEVERITIES)
        nothing = run(SEVERITIES)  # it opens the model and finds every cell done
        seconds.append(max(0.0, both - nothing) / (len(SEVERITIES) - 1) / count)
        shutil.rmtree(layout.data / "evaluate")
    return ModelCost(name, tuple(seconds), trained, gmac)


def _link(shards: Sequence[str], folder: Path) -> dict[str, str]:
    """Links to the shards below `folder`: a manifest names no file outside of its project."""
    names = {shard: f"clips/{number}.tar" for number, shard in enumerate(shards)}
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    for shard, name in names.items():
        (folder / name).symlink_to(shard)
    return names


def _with_weights(
    name: str, dataset: str, params: Params, project: Path, folder: Path
) -> tuple[ModelSettings, bool]:
    """The model's settings with weights that exist: its own, or random ones."""
    import torch

    settings = params.models[dataset][name]
    opens = settings.model or name
    weights = settings.weights and project / settings.weights
    if weights is None and opens in models.names():
        weights = DatasetPaths(project, dataset).weights(name)
    labels = settings.labels and project / settings.labels
    if weights is None or weights.is_file() or opens not in models.names():
        return settings.model_copy(update={"weights": weights, "labels": labels}), True
    weights = folder / "random.pt"
    network = models.load(opens).build(_num_classes(dataset, params), **_options(opens, settings))
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), weights)
    return settings.model_copy(update={"weights": weights, "labels": None}), False


def _options(opens: str, settings: ModelSettings) -> dict[str, object]:
    """Options of a model of ours; those that follow its input are as `open_model` sets them."""
    options = dict(settings.options)
    for key in ("frames", "size"):
        if settings.input is not None and key in models.load(opens).options:
            options.setdefault(key, getattr(settings.input, key))
    return options


def _num_classes(dataset: str, params: Params) -> int:
    return len(read_classes(params.filter.sources[dataset].classes))


def _gmac(name: str, settings: ModelSettings, dataset: str, params: Params) -> float | None:
    opens = settings.model or name
    if opens not in models.names():
        return None
    entry = models.load(opens)
    spec = settings.input or entry.input
    classes = _num_classes(dataset, params)
    _, macs = catalog.count(entry, classes, spec.frames, spec.size, **_options(opens, settings))
    return macs / 1e9
