"""Evaluate stage: every model on the clean set and on every corruption and severity.

All models share one decode of a cell, and only the frames that they take are decoded. The
predictions of a model in a cell are a part (one Parquet file) with a recipe hash, so that a new
model, a changed corruption or a killed run costs only the missing parts. A model that cannot be
loaded or fails does not stop the others; the stage fails at the end with its error.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ...errors import SettingsError
from ...execution.prefetch import read_ahead
from ...execution.progress import progress_bar
from ...execution.ranks import Ranks, ranks_of_torchrun
from ...models import LoadedModel
from ...models.device import ComputeDevice, select_device
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths
from .batches import BatchReader, batches_of
from .cells import EvaluationCell, read_cells, stored_size
from .join import join_parts
from .load import hardware_columns, load_models, prediction_recipe
from .predict import move, predict, prediction_rows

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
            join_parts(params, paths, {})
            (paths.data / "evaluate").mkdir(parents=True, exist_ok=True)  # DVC tracks both folders
            paths.predictions.mkdir(parents=True, exist_ok=True)
            return
        device = select_device(params.machine)
        if params.evaluate.reads == "videos":
            # Loaded by name: predictions from shards do not depend on the code of corruptions.
            module = import_module(".from_videos", __package__)
            size = params.decode.pictures[dataset].crop
            loaded, failed = _load(dataset, params, paths, size)
            parts, errors = module.complete(params, paths, device, loaded, ranks)
        else:
            cells = read_cells(dataset, params, paths)
            size = stored_size(cells, params.decode.pictures[dataset].crop)
            loaded, failed = _load(dataset, params, paths, size)
            grid = _Grid(paths, params, device, cells, loaded, size, ranks)
            parts, errors = grid.parts(), grid.complete()
        failed |= errors
        ranks.wait()
        complete = {
            name: some
            for name, some in parts.items()
            if name not in failed and all(part.is_file() for part in some)
        }
        if ranks.rank == 0:
            join_parts(params, paths, complete)
    if failed:
        kept = "" if len(failed) == len(params.models[dataset]) else _KEPT
        raise SettingsError("\n".join(map(str, failed.values())) + kept)


def _load(
    dataset: str, params: Params, paths: DatasetPaths, size: int
) -> tuple[dict[str, LoadedModel], dict[str, SettingsError]]:
    """Load the models; the errors of some are logged before the others are evaluated."""
    loaded, failed = load_models(dataset, params, paths, size)
    for error in failed.values() if loaded else ():
        log.error("%s", error)
    return loaded, failed


_KEPT = "\nThe results of the other models are complete."


@dataclass(frozen=True)
class _Grid:
    """Parts of all models and cells."""

    paths: DatasetPaths
    params: Params
    device: ComputeDevice
    cells: Sequence[EvaluationCell]
    loaded: Mapping[str, LoadedModel]
    stored_size: int
    ranks: Ranks

    def parts(self) -> dict[str, list[Path]]:
        """Return the parts of each model."""
        return {
            name: [self.paths.answers(name, cell.corruption, cell.severity) for cell in self.cells]
            for name in self.loaded
        }

    def complete(self) -> dict[str, SettingsError]:
        """Compute this process's share of the missing parts; return the errors of failed models."""
        recipes = {
            (name, cell.corruption, cell.severity): prediction_recipe(
                name, model, cell, self.params, self.device, self.paths
            )
            for name, model in self.loaded.items()
            for cell in self.cells
        }
        missing = {
            place
            for place, recipe in recipes.items()
            if not manifest.has_recipe(self.paths.answers(*place), recipe)
        }
        pending = []
        for cell in self.cells:
            names = [n for n in self.loaded if (n, cell.corruption, cell.severity) in missing]
            if names:
                pending.append((cell, names))
        self.ranks.wait()  # until all have listed the same cells: a part changes the shares
        pending = list(self.ranks.share(pending))
        needed = {name for _, names in pending for name in names}
        compiled = self.params.machine.compile
        moved = {name: move(self.loaded[name], self.device, compiled) for name in needed}
        batches = [
            batches_of(cell, [moved[name] for name in names], self.params)
            for cell, names in pending
        ]
        read = read_ahead(
            BatchReader(self.params, self.paths.root),
            [batch for some in batches for batch in some],
            self.params.machine.loader_workers,
            pinned=self.device.is_gpu,
        )
        total = sum(len(cell.rows) for cell in self.cells)
        done = total - sum(len(cell.rows) for cell, _ in pending)
        failed: dict[str, SettingsError] = {}
        with progress_bar(f"evaluate {self.paths.dataset}", total, done) as advance:
            for (cell, names), some in zip(pending, batches, strict=True):
                if needed <= set(failed):
                    break
                alive = {name: moved[name] for name in names if name not in failed}
                scores, errors = predict(alive, some, read, self.params, self.device, advance)
                advance(len(cell.rows) - sum(len(batch.rows) for batch in some))
                failed |= errors
                for name, values in scores.items():
                    recipe: dict[str, str] = {
                        "recipe_hash": recipes[name, cell.corruption, cell.severity]
                    }
                    spec = self.loaded[name].input
                    protocol = spec.protocol(self.params.evaluate.frames, self.stored_size)
                    rows = prediction_rows(cell, name, protocol, values)
                    stated = hardware_columns(self.loaded[name], self.device)
                    manifest.write(
                        self.paths.answers(name, cell.corruption, cell.severity),
                        [{**row, **stated, **recipe} for row in rows],
                        schemas.PREDICTIONS,
                        recipe,
                    )
        return failed
