"""Evaluate stage: every model on the clean set and on every corruption and severity.

All models share one decode of a cell, and only the frames that they take are decoded. The
predictions of a model in a cell are a part (one Parquet file) with a recipe hash, so that a new
model, a changed corruption or a killed run costs only the missing parts.
"""

import logging
from importlib import import_module
from pathlib import Path

from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...execution.ranks import Ranks, ranks_of_torchrun
from ...models.device import ComputeDevice, select_device
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .cells import read_cells
from .join import join_parts
from .load import load_models, prediction_recipe
from .predict import BatchReader, batches_of, move, predict, prediction_rows

log = logging.getLogger(__name__)


def evaluate(params: Params, root: Path, dataset: str) -> None:
    """Write `predictions/<model>.parquet` for every model of a dataset; compute missing parts.

    Processes that torchrun started share the work.
    """
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    with ranks_of_torchrun(paths.lock("evaluate")) as ranks:
        if not params.models[dataset]:
            log.warning("evaluate %s: models.%s is empty; nothing is evaluated.", dataset, dataset)
            (paths.data / "evaluate").mkdir(parents=True, exist_ok=True)  # DVC tracks both folders
            paths.predictions.mkdir(parents=True, exist_ok=True)
            join_parts(params, paths, {})
            return
        device = select_device(params.machine)
        if params.evaluate.reads == "videos":
            # Loaded by name: predictions from shards do not depend on the code of corruptions.
            module = import_module(".from_videos", __package__)
            loaded = load_models(dataset, params, paths)
            parts = module.complete(params, paths, device, loaded, ranks)
        else:
            parts = _complete(params, paths, device, ranks)
        ranks.wait()
        if ranks.rank == 0:
            join_parts(params, paths, parts)


def _complete(
    params: Params, paths: DatasetPaths, device: ComputeDevice, ranks: Ranks
) -> dict[str, list[Path]]:
    """Compute this process's share of the missing parts; return all parts by model."""
    dataset = paths.dataset
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
    pending = list(ranks.share(pending))
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
    return {
        name: [paths.answers(name, cell.corruption, cell.severity) for cell in cells]
        for name in loaded
    }
