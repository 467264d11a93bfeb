"""Evaluate stage: every model on the clean set and on every corruption and severity.

All models share one decode of a cell, and only the frames that they take are decoded. The
predictions of a model in a cell are a part (one Parquet file) with a recipe hash, so that a new
model, a changed corruption or a killed run costs only the missing parts.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...io.locks import file_lock
from ...models.device import select_device
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .cells import EvaluationCell, read_cells
from .load import load_models, prediction_recipe
from .predict import BatchReader, batches_of, move, predict, prediction_rows

log = logging.getLogger(__name__)


def evaluate(params: Params, root: Path, dataset: str) -> None:
    """Write `predictions/<model>.parquet` for every model of a dataset; compute missing parts."""
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    with file_lock(paths.lock("evaluate")):
        _evaluate(dataset, params, paths)


def _evaluate(dataset: str, params: Params, paths: DatasetPaths) -> None:
    if not params.models[dataset]:
        log.warning("evaluate %s: models.%s is empty; nothing is evaluated.", dataset, dataset)
        (paths.data / "evaluate").mkdir(parents=True, exist_ok=True)  # DVC tracks both folders
        paths.predictions.mkdir(parents=True, exist_ok=True)
        _merge(paths, (), ())
        return
    device = select_device(params.machine)
    cells = read_cells(dataset, params, paths)
    loaded = load_models(dataset, params, paths)
    recipes = {
        paths.answers(name, cell.corruption, cell.severity): prediction_recipe(
            name, model, cell, params, device, paths
        )
        for name, model in loaded.items()
        for cell in cells
    }
    missing = {path for path, recipe in recipes.items() if not manifest.has_recipe(path, recipe)}
    pending = [
        (cell, names)
        for cell in cells
        if (
            names := [
                name
                for name in loaded
                if paths.answers(name, cell.corruption, cell.severity) in missing
            ]
        )
    ]
    needed = {name for _, names in pending for name in names}
    moved = {name: move(loaded[name], device, params.machine.compile) for name in needed}
    batches = [batches_of(cell, [moved[n] for n in names], params) for cell, names in pending]
    read = read_ahead(
        BatchReader(params, paths.root),
        [batch for some in batches for batch in some],
        params.machine.loader_workers,
        pinned=device.is_gpu,
    )
    total = sum(len(cell.rows) for cell in cells)
    done = total - sum(len(cell.rows) for cell, _ in pending)
    with progress_bar(f"evaluate {dataset}", total, done) as advance:
        for (cell, names), some in zip(pending, batches, strict=True):
            predicted = predict({n: moved[n] for n in names}, some, read, params, device, advance)
            advance(len(cell.rows) - sum(len(batch.rows) for batch in some))
            for name, scores in predicted.items():
                path = paths.answers(name, cell.corruption, cell.severity)
                recipe = {"recipe_hash": recipes[path]}
                rows = [row | recipe for row in prediction_rows(cell, name, scores)]
                manifest.write(path, rows, schemas.PREDICTIONS, recipe)
    _merge(paths, cells, list(loaded))


def _merge(paths: DatasetPaths, cells: Sequence[EvaluationCell], names: Sequence[str]) -> None:
    """Join the parts of each model; delete parts and files of removed cells and models."""
    for name in names:
        parts = [paths.answers(name, cell.corruption, cell.severity) for cell in cells]
        manifest.join(paths.predictions / f"{name}.parquet", parts, schemas.PREDICTIONS)
        for path in set(parts[0].parent.iterdir()) - set(parts):
            path.unlink()
    for path in paths.predictions.iterdir():
        if path.stem not in names:
            path.unlink()
