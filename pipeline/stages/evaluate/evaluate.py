"""Evaluate: every model over the clean set and every cell of the grid.

The models share one decode of a cell, and only the frames that they take are decoded. A model's
answers for a cell are a part of their own with a recipe hash: a new model, a changed corruption or
a run that was killed costs only what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ... import models
from ...datasets.class_list import read_classes
from ...errors import SettingsError
from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...io.hashing import sha256_file
from ...models.device import ComputeDevice, select_device
from ...params import Params
from ...provenance import code_of, recipe_hash, stage_code
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .cells import EvaluationCell, read_cells
from .predict import BatchReader, batches_of, move, predict, prediction_rows

if TYPE_CHECKING:
    pass


log = logging.getLogger(__name__)


def evaluate(dataset: str, params: Params, root: Path) -> None:
    """Write `predictions/<model>.parquet` of every model of a dataset."""
    params.check_dataset(dataset)
    layout = DatasetPaths(root, dataset)
    place = select_device(params.machine)
    cells = read_cells(dataset, params, layout)
    opened = open_models(dataset, params, layout)
    recipes = {
        (name, cell.corruption, cell.severity): _recipe(name, model, cell, params, place, root)
        for name, model in opened.items()
        for cell in cells
    }
    waiting = [
        (cell, names)
        for cell in cells
        if (names := [name for name in opened if not _is_done(layout, recipes, name, cell)])
    ]
    needed = {name for _, names in waiting for name in names}
    moved = {name: move(opened[name], place, params.machine.compile) for name in needed}
    batches = [batches_of(cell, [moved[n] for n in names], params) for cell, names in waiting]
    read = read_ahead(
        BatchReader(params, root),
        [batch for some in batches for batch in some],
        params.machine.loader_workers,
        pinned=place.is_gpu,
    )
    total = sum(len(cell.rows) for cell in cells)
    done = total - sum(len(cell.rows) for cell, _ in waiting)
    with progress_bar(f"evaluate {dataset}", total, done) as advance:
        for (cell, names), some in zip(waiting, batches, strict=True):
            answers = predict({n: moved[n] for n in names}, some, read, params, place, advance)
            advance(len(cell.rows) - sum(len(batch.rows) for batch in some))
            for name, scores in answers.items():
                recipe = recipes[name, cell.corruption, cell.severity]
                manifest.write(
                    layout.answers(name, cell.corruption, cell.severity),
                    [row | {"recipe_hash": recipe} for row in prediction_rows(cell, name, scores)],
                    schemas.PREDICTIONS,
                    {"recipe_hash": recipe},
                )
    _merge(layout, cells, list(opened))


def open_models(
    dataset: str, params: Params, layout: DatasetPaths
) -> dict[str, models.LoadedModel]:
    """The dataset's models with their weights."""
    if not params.models[dataset]:
        raise SettingsError(
            f"params.yaml: models.{dataset} names no model; add one of "
            f"{', '.join(models.names())}, or your own."
        )
    class_names = read_classes(layout.root / params.filter.sources[dataset].classes)
    opened = {}
    for name, settings in params.models[dataset].items():
        opens = settings.model or name
        weights = settings.weights and layout.root / settings.weights
        if weights is None and opens in models.names():
            weights = layout.weights(name)
        if weights is not None and not weights.is_file():
            raise SettingsError(
                f"{weights}: no such weights of model {name!r}; run the train stage first, or set "
                f"models.{dataset}.{name}.weights in params.yaml."
            )
        opened[name] = models.load_model(
            opens,
            num_classes=len(class_names),
            weights=weights,
            input=None
            if settings.input is None
            else models.InputSpec(**settings.input.model_dump()),
            class_names=class_names,
            labels=settings.labels and layout.root / settings.labels,
            options=settings.options,
        )
    return opened


def _recipe(
    name: str,
    model: models.LoadedModel,
    cell: EvaluationCell,
    params: Params,
    place: ComputeDevice,
    root: Path,
) -> str:
    settings = params.models[cell.rows[0]["dataset"]][name]
    opens = settings.model or name
    return recipe_hash(
        {
            "stage": "evaluate",
            "code": stage_code("evaluate"),
            "network": code_of(models.load(opens).file) if opens in models.names() else None,
            "weights": model.weights_sha256,
            "input": model.input,
            "options": settings.options,
            "labels": settings.labels and sha256_file(root / settings.labels),
            "frames": params.evaluate.frames,
            "dialect": params.dialect,
            "precision": place.precision,
            "compiled": params.machine.compile,
            "clips": cell.identity,
        }
    )


def _is_done(
    layout: DatasetPaths, recipes: dict[tuple[str, str, int], str], name: str, cell: EvaluationCell
) -> bool:
    path = layout.answers(name, cell.corruption, cell.severity)
    return manifest.has_recipe(path, recipes[name, cell.corruption, cell.severity])


def _merge(layout: DatasetPaths, cells: Sequence[EvaluationCell], names: Sequence[str]) -> None:
    """One Parquet per model; parts and files of models or cells that are gone are removed."""
    for name in names:
        parts = [layout.answers(name, cell.corruption, cell.severity) for cell in cells]
        manifest.join(layout.predictions / f"{name}.parquet", parts, schemas.PREDICTIONS)
        for path in set(parts[0].parent.iterdir()) - set(parts):
            path.unlink()
    for path in layout.predictions.iterdir():
        if path.stem not in names:
            path.unlink()
