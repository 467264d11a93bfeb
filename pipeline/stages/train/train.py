"""Train stage: fit a model to the clean training shards.

The training recipe is the leaderboard's: SGD with momentum, cosine decay of the learning rate to
zero, multi-scale crops, and the weights of the epoch with the best validation top-1. Every random
number is a function of the seed and its purpose, so that a stopped run resumes at its last epoch
and ends with the same weights. Weights are bit-identical on CPUs of one kind. Another number of
threads (`threads`, which is part of the recipe) or processes, another precision or another
instruction set changes the order of sums and so the low-order bits. On GPUs some operations, such
as the gradient of pooling over time, have no deterministic kernel.

All processes that torchrun started share a batch; batch normalisation uses the statistics of the
process's share, as is usual in data-parallel training.
"""

import json
import logging
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from ...datasets.class_list import read_classes
from ...errors import SettingsError
from ...io.atomic import atomic, write_text
from ...io.hashing import sha256_file
from ...io.locks import file_lock
from ...messages import did_you_mean
from ...model_settings import ModelSettings
from ...models import registry
from ...models.checkpoints import fitted_names, read_state, start_from_images
from ...models.device import ComputeDevice, select_device
from ...models.spec import channels_last, complete_input
from ...params import Params
from ...provenance import code_of, recipe_hash, stage_code
from ...settings import TRAINING_SPLIT
from ...storage.paths import DatasetPaths
from .data import Examples, read_examples
from .distributed import ProcessGroup, process_group
from .loop import Progress, Run, deterministic, fit, saved

log = logging.getLogger(__name__)

SIDES = re.compile(r"\b(left|right|(counter|anti)?clockwise)\b")
"""Words in names of classes that mirroring turns into other classes."""


def train(params: Params, root: Path, dataset: str, only: Sequence[str] = ()) -> None:
    """Write weights.pt, metrics.json and history.csv of a dataset's models that are out of date.

    The metrics of all models are also written to `manifests/<dataset>/training.json`, for DVC.
    """
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    (paths.data / "train").mkdir(parents=True, exist_ok=True)
    trained = tuple(params.train.get(dataset, {}))
    device = select_device(params.machine)
    with process_group(device) as processes, _lock(paths, processes):
        for model in only or trained:
            _train_model(
                plan_training(dataset, model, params, root, device, processes), params, paths
            )
        if processes.rank == 0:
            files = {model: paths.trained(model) / "metrics.json" for model in trained}
            found = {
                key: json.loads(path.read_text(encoding="utf-8"))
                for key, path in files.items()
                if path.is_file()
            }
            write_text(paths.manifests / "training.json", json.dumps(found, indent=2) + "\n")


def _lock(paths: DatasetPaths, processes: ProcessGroup) -> AbstractContextManager[None]:
    """Return the lock of the dataset's training, which process 0 holds."""
    return file_lock(paths.lock("train")) if processes.rank == 0 else nullcontext()


def plan_training(
    dataset: str,
    model: str,
    params: Params,
    root: Path,
    device: ComputeDevice,
    processes: ProcessGroup,
) -> Run:
    """Return what determines the training of a model; raise SettingsError if it cannot start."""
    trained = params.train.get(dataset, {})
    if model not in trained:
        raise SettingsError(
            f"params.yaml: train.{dataset} has no section {model!r}; choose from: "
            f"{', '.join(trained) or 'none'}."
        )
    settings = trained[model]
    model_settings = params.models.get(dataset, {}).get(model, ModelSettings())
    if (name := model_settings.model or model) not in registry.names():
        raise SettingsError(
            f"params.yaml: train.{dataset}: unknown model {name!r}"
            f"{did_you_mean(name, registry.names())}; "
            f"choose from: "
            f"{', '.join(registry.names())}."
        )
    source = params.filter.sources[dataset]
    class_names = read_classes(root / source.classes)
    sided = [name for name in class_names if SIDES.search(name.lower())]
    if settings.flip and (source.format == "ssv2" or sided):
        raise SettingsError(
            f"params.yaml: train.{dataset}.{model}.flip: true, but a mirrored clip would have the "
            f"wrong class (for example {(sided or class_names)[0]!r}); set it to false."
        )
    start = settings.start and root / settings.start
    if start is not None and not start.is_file():
        raise SettingsError(
            f"params.yaml: train.{dataset}.{model}.start: {start} does not exist; give the path of "
            "a checkpoint, or remove the line to start from random weights."
        )
    entry = registry.load(name)
    spec = complete_input(
        model, entry.input, model_settings.input.given if model_settings.input else {}
    )
    if spec.sampling != "uniform":
        raise SettingsError(
            f"params.yaml: train.{dataset}.{model}: training takes uniform frames, but "
            f"models.{dataset}.{model}.input.sampling is {spec.sampling!r}; set it to uniform."
        )
    return Run(
        dataset=dataset,
        model=model,
        settings=settings,
        model_settings=model_settings,
        entry=entry,
        input=spec,
        class_names=class_names,
        start=start,
        seed=params.seed,
        device=device,
        processes=processes,
        loader_workers=params.machine.loader_workers,
    )


def _train_model(run: Run, params: Params, paths: DatasetPaths) -> None:
    training, validation = (
        read_examples(paths, split, params, run.input, run.model, run.settings.crops == "benchmark")
        for split in (TRAINING_SPLIT, params.evaluate.split)
    )
    folder = paths.trained(run.model)
    recipe = _recipe(run, params, training, validation)
    if _is_done(folder, recipe):
        log.info("train %s %s: up to date", run.dataset, run.model)
        return
    with deterministic(run):
        module = channels_last(_fresh(run).to(run.device.name))
        progress = fit(run, module, training, validation, folder / "checkpoint.pt", recipe)
    if run.processes.rank == 0:
        _write(folder, progress)


def _recipe(run: Run, params: Params, training: Examples, validation: Examples) -> str:
    return recipe_hash(
        {
            "stage": "train",
            "code": stage_code("train"),
            "network": code_of(run.entry.file),
            "torch": torch.__version__,
            "libraries": {library: version(library) for library in run.entry.libraries},
            "settings": run.settings.model_dump(exclude={"start"}),
            "start": run.start and sha256_file(run.start),
            "seed": run.seed,
            "input": run.input,
            "options": run.model_settings.options,
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "clips": [
                list(zip(some.hashes, some.labels, strict=True)) for some in (training, validation)
            ],
        }
    )


def _is_done(folder: Path, recipe: str) -> bool:
    record, weights = folder / "recipe.json", folder / "weights.pt"
    if not (record.is_file() and weights.is_file()):
        return False
    written = json.loads(record.read_text(encoding="utf-8"))
    # The hash of the weights detects weights that a killed run wrote without their record.
    expected = {"recipe_hash": recipe, "weights_sha256": sha256_file(weights)}
    return bool(written | expected == written)


def _fresh(run: Run) -> nn.Module:
    """Return the network with random weights, or those of `start` and random ones for the rest."""
    run.seed_torch("initial weights")
    module = run.entry.make(len(run.class_names), run.input, run.model_settings.options)
    if run.start is None:
        return module
    state = fitted_names(read_state(run.start), tuple(module.state_dict()), run.entry.renamings)
    state = run.entry.start(state, module.state_dict())
    fresh = start_from_images(module, state, run.entry.head)
    log.info("train %s: weights of %s; random: %s", run.model, run.start, ", ".join(fresh))
    return module


def _write(folder: Path, progress: Progress) -> None:
    """Write the outputs; recipe.json is written last and marks them as complete."""
    with atomic(folder / "weights.pt") as temporary:
        best = {key: value.cpu().contiguous() for key, value in progress.best.items()}
        temporary.write_bytes(saved(best))
    if progress.history:
        columns = list(progress.history[0])
        lines = [",".join(f"{line[name]:g}" for name in columns) for line in progress.history]
        write_text(folder / "history.csv", "\n".join([",".join(columns), *lines, ""]))
        write_text(folder / "metrics.json", json.dumps(progress.best_epoch, indent=2) + "\n")
    record = {
        "recipe_hash": progress.recipe,
        "weights_sha256": sha256_file(folder / "weights.pt"),
        **progress.environment,
    }
    write_text(folder / "recipe.json", json.dumps(record) + "\n")
    (folder / "checkpoint.pt").unlink(missing_ok=True)
