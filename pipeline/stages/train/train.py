"""Train: fit a model to the clean training shards.

The recipe is the leaderboard's: SGD with momentum, a learning rate that falls to zero as a cosine,
multi-scale crops, and the weights of the epoch with the best validation top-1. All that is random
is a function of the seed and of what it is drawn for, so a run that was stopped goes on from its
last epoch to the same weights. The weights are the same bit by bit on CPUs of the same kind:
arithmetic of another number of threads (`threads`, so it belongs to the recipe) or processes, of
another precision or instruction set adds up in another order. On GPUs some layers (the gradient of
pooling over time) have no kernel that adds up in one order.

A batch is shared by all the processes that torchrun started; batch normalisation sees the share of
its own process, as it does in data-parallel training elsewhere.
"""

import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from ... import models
from ...datasets.class_list import read_classes
from ...errors import SettingsError
from ...io.atomic import atomic, write_text
from ...io.hashing import sha256_file
from ...models.checkpoints import read_state, start_from_images, to_our_names
from ...models.device import ComputeDevice, select_device
from ...models.inference import channels_last
from ...params import Params
from ...provenance import code_of, recipe_hash, stage_code
from ...settings import ModelSettings
from ...storage.paths import DatasetPaths
from .data import Examples, read_examples
from .distributed import ProcessGroup, process_group
from .loop import Progress, Run, deterministic, fit, saved

log = logging.getLogger(__name__)

SPLIT = "train"
SIDES = re.compile(r"\b(left|right|(counter|anti)?clockwise)\b")
"""Words of classes that a mirror turns into other classes."""


def train(dataset: str, params: Params, root: Path, only: Sequence[str] = ()) -> None:
    """Write weights.pt, metrics.json and history.csv of a dataset's models, where today's lack.

    The metrics of all of them go to `manifests/<dataset>/training.json` as well, for DVC.
    """
    params.check_dataset(dataset)
    layout = DatasetPaths(root, dataset)
    (layout.data / "train").mkdir(parents=True, exist_ok=True)
    trained = tuple(params.train.get(dataset, {}))
    place = select_device(params.machine)
    with process_group(place) as processes:
        for model in only or trained:
            _train_model(_plan(dataset, model, params, root, place, processes), params, layout)
        if processes.rank == 0:
            files = {model: layout.trained(model) / "metrics.json" for model in trained}
            found = {key: json.loads(p.read_text()) for key, p in files.items() if p.is_file()}
            write_text(layout.manifests / "training.json", json.dumps(found, indent=2) + "\n")


def _plan(
    dataset: str,
    model: str,
    params: Params,
    root: Path,
    place: ComputeDevice,
    processes: ProcessGroup,
) -> Run:
    trained = params.train.get(dataset, {})
    if model not in trained:
        raise SettingsError(
            f"params.yaml: train.{dataset} has no section {model!r}; there are: "
            f"{', '.join(trained) or 'none'}."
        )
    settings = trained[model]
    how = params.models.get(dataset, {}).get(model, ModelSettings())
    if (name := how.model or model) not in models.names():
        raise SettingsError(
            f"params.yaml: train.{dataset}: unknown model {name!r}; those that can be trained are: "
            f"{', '.join(models.names())}."
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
    entry = models.load(name)
    return Run(
        dataset=dataset,
        model=model,
        settings=settings,
        how=how,
        entry=entry,
        input=models.InputSpec(**how.input.model_dump()) if how.input else entry.input,
        class_names=class_names,
        start=start,
        seed=params.seed,
        place=place,
        team=processes,
        loader_workers=params.machine.loader_workers,
    )


def _train_model(run: Run, params: Params, layout: DatasetPaths) -> None:
    training, validation = (
        read_examples(layout, split, params, run.input, run.model)
        for split in (SPLIT, params.evaluate.split)
    )
    folder = layout.trained(run.model)
    recipe = _recipe(run, params, training, validation)
    if _is_done(folder, recipe):
        log.info("train %s %s: up to date", run.dataset, run.model)
        return
    with deterministic(run):
        module = channels_last(_fresh(run).to(run.place.device))
        progress = fit(run, module, training, validation, folder / "checkpoint.pt", recipe)
    if run.team.rank == 0:
        _write(folder, progress)


def _recipe(run: Run, params: Params, training: Examples, validation: Examples) -> str:
    return recipe_hash(
        {
            "stage": "train",
            "code": stage_code("train"),
            "network": code_of(run.entry.file),
            "torch": torch.__version__,
            "settings": run.settings.model_dump(exclude={"start"}),
            "start": run.start and sha256_file(run.start),
            "seed": run.seed,
            "input": run.input,
            "options": run.how.options,
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "clips": [
                list(zip(some.hashes, some.labels, strict=True)) for some in (training, validation)
            ],
        }
    )


def _is_done(folder: Path, recipe: str) -> bool:
    note, weights = folder / "recipe.json", folder / "weights.pt"
    if not (note.is_file() and weights.is_file()):
        return False
    said = json.loads(note.read_text())
    # The hash tells weights that a killed run has written over those of the note.
    found = {"recipe_hash": recipe, "weights_sha256": sha256_file(weights)}
    return bool(said | found == said)


def _fresh(run: Run) -> nn.Module:
    """The network with random weights, or with those of `start` but for what they lack."""
    run.seed_torch("initial weights")
    module = models.load_model(
        run.entry.name,
        num_classes=len(run.class_names),
        weights=None,
        input=run.input,
        options=run.how.options,
    ).module
    if run.start is None:
        return module
    state = to_our_names(read_state(run.start), run.entry.renamings)
    fresh = start_from_images(module, state, run.entry.head)
    log.info("train %s: %s, but fresh %s", run.model, run.start, ", ".join(fresh))
    return module


def _write(folder: Path, progress: Progress) -> None:
    """Write what the stage is for; the note of the recipe comes last and marks it as done."""
    with atomic(folder / "weights.pt") as temporary:
        best = {key: value.cpu().contiguous() for key, value in progress.best.items()}
        temporary.write_bytes(saved(best))
    if progress.history:
        columns = list(progress.history[0])
        lines = [",".join(f"{line[name]:g}" for name in columns) for line in progress.history]
        write_text(folder / "history.csv", "\n".join([",".join(columns), *lines, ""]))
        write_text(folder / "metrics.json", json.dumps(progress.best_epoch, indent=2) + "\n")
    note = {
        "recipe_hash": progress.recipe,
        "weights_sha256": sha256_file(folder / "weights.pt"),
        **progress.made_by,
    }
    write_text(folder / "recipe.json", json.dumps(note) + "\n")
    (folder / "checkpoint.pt").unlink(missing_ok=True)
