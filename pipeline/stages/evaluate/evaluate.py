"""Evaluate stage: every model on the clean set and on every corruption and severity.

All models share one decode of a cell, and only the frames that they take are decoded. The
predictions of a model in a cell are a part (one Parquet file) with a recipe hash, so that a new
model, a changed corruption or a killed run costs only the missing parts. A model that cannot be
loaded or fails does not stop the others; the stage fails at the end with its error.
"""

import logging
from importlib import import_module
from pathlib import Path

from ...errors import SettingsError
from ...execution.ranks import Ranks, ranks_of_torchrun
from ...models import LoadedModel
from ...models.device import select_device
from ...params import Params
from ...storage.paths import DatasetPaths
from .cells import read_cells, stored_size
from .from_shards import ShardEvaluation
from .join import join_parts
from .load import load_models

log = logging.getLogger(__name__)


def evaluate(params: Params, root: Path, dataset: str) -> None:
    """Write `predictions/<model>.parquet` for every model of a dataset; compute missing parts.

    Processes that torchrun started share the work.
    """
    params.check_dataset(dataset)
    paths = DatasetPaths(root, dataset)
    with ranks_of_torchrun(paths.lock("evaluate")) as ranks:
        if params.models[dataset]:
            _evaluate(params, paths, ranks)
        elif ranks.rank == 0:
            log.warning("evaluate %s: models.%s is empty; nothing is evaluated.", dataset, dataset)
            join_parts(params, paths, {})
            (paths.data / "evaluate").mkdir(parents=True, exist_ok=True)  # DVC tracks both folders
            paths.predictions.mkdir(parents=True, exist_ok=True)


def _evaluate(params: Params, paths: DatasetPaths, ranks: Ranks) -> None:
    dataset = paths.dataset
    device = select_device(params.machine)
    size = params.decode.pictures[dataset].crop
    if params.evaluate.reads == "videos":
        # Loaded by name: predictions from shards do not depend on the code of corruptions.
        module = import_module(".from_videos", __package__)
        loaded, failed = _load(dataset, params, paths, size)
        parts, errors = module.complete(params, paths, device, loaded, ranks)
    else:
        cells = read_cells(dataset, params, paths)
        size = stored_size(cells, size)
        loaded, failed = _load(dataset, params, paths, size)
        grid = ShardEvaluation(params, paths, device, loaded, ranks, cells, size)
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
