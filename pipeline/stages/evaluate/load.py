"""The models of a dataset, checked against the stored clips, and recipes of their predictions."""

import json
from dataclasses import asdict
from pathlib import Path

from ... import models
from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...io.hashing import sha256_file
from ...models.device import ComputeDevice
from ...models.factory_code import factory_code
from ...models.views import check_size
from ...params import Params
from ...provenance import code_of, recipe_hash, stage_code
from ...storage.paths import DatasetPaths
from ...storage.rows import PredictionRow
from .cells import EvaluationCell


def load_models(
    dataset: str, params: Params, paths: DatasetPaths, stored_size: int
) -> tuple[dict[str, models.LoadedModel], dict[str, SettingsError]]:
    """Load the dataset's models with their weights; return models and errors by name.

    A model that cannot be loaded, or whose input does not fit clips of `stored_size` pixels, has an
    error; the other models are evaluated.
    """
    class_names = read_classes(paths.root / params.filter.sources[dataset].classes)
    loaded, failed = {}, {}
    for name in params.models[dataset]:
        try:
            loaded[name] = _load(name, params, paths, class_names)
            _check(name, loaded[name].input, params, stored_size)
        except SettingsError as error:
            failed[name] = error
            loaded.pop(name, None)
    return loaded, failed


def _load(
    name: str, params: Params, paths: DatasetPaths, class_names: list[str]
) -> models.LoadedModel:
    dataset = paths.dataset
    settings = params.models[dataset][name]
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
    return models.load_model(
        network,
        num_classes=len(class_names),
        weights=weights,
        input=settings.input.given if settings.input else None,
        class_names=class_names,
        labels=settings.labels and paths.root / settings.labels,
        options=settings.options,
        aliases=paths.root / "manifests/classes/aliases.csv",
        prompts=(settings.prompts,) if isinstance(settings.prompts, str) else settings.prompts,
        question=settings.question,
        dtype=settings.dtype,
    )


def _check(name: str, spec: models.InputSpec, params: Params, stored_size: int) -> None:
    """Refuse an input that the stored clips or the protocol cannot provide."""
    available = params.evaluate.frames
    if spec.sampling == "uniform" and spec.frames > available:
        raise SettingsError(
            f"model {name!r} takes {spec.frames} frames, but evaluate.frames is {available}, so "
            "that frames would be repeated; set the model's input.sampling to dense (with "
            f"input.stride) or segments, or evaluate.frames to {spec.frames} for all models."
        )
    check_size(name, spec, stored_size)


def _check_trained(weights: Path) -> None:
    """Raise StageError if weights are not those that the train stage recorded."""
    record = weights.with_name("recipe.json")
    if not record.is_file():
        return
    expected = json.loads(record.read_text(encoding="utf-8")).get("weights_sha256")
    if expected is not None and sha256_file(weights) != expected:
        raise StageError(
            f"{weights}: not the weights that the train stage wrote (SHA-256 differs from "
            f"{record.name}); delete the folder and run the train stage again."
        )


def precision_of(model: models.LoadedModel, device: ComputeDevice) -> str:
    """Return the type that a model is computed in: that of its weights unless they are float32."""
    if not model.movable:
        return "fp32"
    return device.precision if model.dtype == "fp32" else model.dtype


def hardware_columns(model: models.LoadedModel, device: ComputeDevice) -> PredictionRow:
    """Return the columns of predictions that state where and in what numbers a model ran."""
    return {
        "device": device.hardware if model.movable or _runs_onnx_on_gpu(model) else "cpu",
        "precision": precision_of(model, device),
    }


def _runs_onnx_on_gpu(model: models.LoadedModel) -> bool:
    from ...models.adapters import OnnxModel

    return any(isinstance(part, OnnxModel) and part.on_gpu for part in model.module.modules())


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
            "model": dict(model.code),
            "weights": model.weights_sha256,
            "input": asdict(model.input),
            "options": settings.options,
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "precision": precision_of(model, device),
            "dtype": model.dtype,
            "compiled": params.machine.compile,
            "clips": cell.clips_hash,
        }
    )
