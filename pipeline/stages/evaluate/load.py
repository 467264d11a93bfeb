"""The models of a dataset and the recipes of their predictions."""

import json
from pathlib import Path

from ... import models
from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...io.hashing import sha256_file
from ...models.device import ComputeDevice
from ...models.factory_code import factory_code
from ...params import Params
from ...provenance import code_of, recipe_hash, stage_code
from ...storage.paths import DatasetPaths
from .cells import EvaluationCell


def load_models(dataset: str, params: Params, paths: DatasetPaths) -> dict[str, models.LoadedModel]:
    """Load the dataset's models with their weights, by name."""
    if not params.models[dataset]:
        raise SettingsError(
            f"params.yaml: models.{dataset} is empty; add one of {', '.join(models.names())}, or a "
            "model of your own."
        )
    class_names = read_classes(paths.root / params.filter.sources[dataset].classes)
    loaded = {}
    for name, settings in params.models[dataset].items():
        network = settings.model or name
        weights = settings.weights and paths.root / settings.weights
        if weights is None and network in models.names():
            weights = paths.weights(name)
        if weights is not None and not weights.is_file():
            raise SettingsError(
                f"{weights}: no such weights of model {name!r}; run the train stage first, or set "
                f"models.{dataset}.{name}.weights in params.yaml."
            )
        if weights is not None and settings.weights is None:
            _check_trained(weights)
        loaded[name] = models.load_model(
            network,
            num_classes=len(class_names),
            weights=weights,
            input=None
            if settings.input is None
            else models.InputSpec(**settings.input.model_dump()),
            class_names=class_names,
            labels=settings.labels and paths.root / settings.labels,
            options=settings.options,
        )
    return loaded


def _check_trained(weights: Path) -> None:
    """Raise StageError if weights are not those that the train stage recorded."""
    record = weights.with_name("recipe.json")
    if not record.is_file():
        return
    expected = json.loads(record.read_text()).get("weights_sha256")
    if expected is not None and sha256_file(weights) != expected:
        raise StageError(
            f"{weights}: not the weights that the train stage wrote (SHA-256 differs from "
            f"{record.name}); delete the folder and run the train stage again."
        )


def prediction_recipe(
    name: str,
    model: models.LoadedModel,
    cell: EvaluationCell,
    params: Params,
    device: ComputeDevice,
    paths: DatasetPaths,
) -> str:
    """Return the recipe hash of a model's predictions in one cell."""
    settings = params.models[paths.dataset][name]
    network = settings.model or name
    return recipe_hash(
        {
            "stage": "evaluate",
            "code": stage_code("evaluate"),
            "network": code_of(models.load(network).file)
            if network in models.names()
            else factory_code(network),
            "weights": model.weights_sha256,
            "input": model.input,
            "options": settings.options,
            "labels": settings.labels and sha256_file(paths.root / settings.labels),
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "precision": device.precision,
            "compiled": params.machine.compile,
            "clips": cell.clips_hash,
        }
    )
