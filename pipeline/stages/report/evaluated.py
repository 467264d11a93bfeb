"""Predictions of one dataset, read from its manifests, with the summary of every model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ... import metrics
from ...datasets.class_list import read_classes
from ...errors import SettingsError, StageError
from ...metrics.answers import Accounting, Bools, Predictions
from ...metrics.summary import Summary
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths


@dataclass(frozen=True)
class Evaluated:
    """Evaluation results of one dataset: predictions and summary of every model."""

    dataset: str
    class_names: tuple[str, ...]
    keys: tuple[str, ...]
    """(N,) listed clips of the evaluated split."""
    labels: NDArray[np.integer]
    """(N,) class of each listed clip."""
    predictions: Mapping[str, Predictions]
    summaries: Mapping[str, Summary]

    @property
    def corruptions(self) -> tuple[str, ...]:
        return next(iter(self.predictions.values())).corruptions

    @property
    def severities(self) -> tuple[int, ...]:
        return next(iter(self.predictions.values())).severities

    @property
    def accounting(self) -> Accounting:
        return next(iter(self.summaries.values())).accounting

    @cached_property
    def everywhere(self) -> Bools:
        """Clips (N,) for which every model has a prediction in every cell."""
        found: Bools = np.logical_and.reduce(
            [one.everywhere() for one in self.predictions.values()]
        )
        return found

    def ranked(self) -> "Evaluated":
        """Return the same with the models in the order of the leaderboard, best mPC first."""
        order = sorted(self.summaries, key=lambda name: (-self.summaries[name].mpc, name))
        return replace(
            self,
            predictions={name: self.predictions[name] for name in order},
            summaries={name: self.summaries[name] for name in order},
        )


def read_evaluated(dataset: str, params: Params, paths: DatasetPaths) -> Evaluated:
    """Read the predictions of a dataset's models, in the order of params.yaml."""
    if not params.models[dataset]:
        raise SettingsError(
            f"params.yaml: models.{dataset}: no model to report on; add one and evaluate it."
        )
    clips = manifest.read(paths.clips, schemas.CLIPS, ["key", "split", "label_id"])
    clips = clips.filter(pc.equal(clips["split"], params.evaluate.split))
    keys = clips["key"].combine_chunks()
    predictions = {
        model: read_predictions(model, keys, params, paths) for model in params.models[dataset]
    }
    return Evaluated(
        dataset=dataset,
        class_names=tuple(read_classes(paths.root / params.filter.sources[dataset].classes)),
        keys=tuple(keys.to_pylist()),
        labels=clips["label_id"].to_numpy(),
        predictions=predictions,
        summaries={
            model: metrics.summarize(
                one, params.evaluate.accounting, params.report.bootstrap_resamples
            )
            for model, one in predictions.items()
        },
    )


def read_predictions(
    model: str, keys: pa.Array, params: Params, paths: DatasetPaths
) -> Predictions:
    """Read a model's predictions for all listed clips of the evaluated split.

    A clip that is missing, broken or failed in a cell is included with `ok` False.
    """
    path = paths.predictions / f"{model}.parquet"
    wanted = ["key", "corruption", "severity", "status", "correct1", "correct5"]
    table = manifest.read(path, schemas.PREDICTIONS, wanted)
    clip = pc.index_in(table["key"], keys)
    if clip.null_count:
        raise StageError(
            f"{path}: {clip.null_count} rows of clips that {paths.clips} does not list; run "
            "`dvc repro` again."
        )
    cell = _cell_numbers(table, params)
    known = cell >= 0
    num_cells = 1 + len(params.corruptions) * len(params.severities)
    at = clip.to_numpy()[known], cell[known]
    grids = {}
    for name, values in (
        ("ok", pc.equal(table["status"], "ok")),
        ("top1", table["correct1"]),
        ("top5", table["correct5"]),
    ):
        grid = np.zeros((len(keys), num_cells), bool)
        grid[at] = values.to_numpy()[known]
        grids[name] = grid
    shape = (len(keys), len(params.corruptions), len(params.severities))
    return Predictions(
        corruptions=params.corruptions,
        severities=params.severities,
        clean_top1=grids["top1"][:, 0],
        clean_top5=grids["top5"][:, 0],
        clean_ok=grids["ok"][:, 0],
        top1=grids["top1"][:, 1:].reshape(shape),
        top5=grids["top5"][:, 1:].reshape(shape),
        ok=grids["ok"][:, 1:].reshape(shape),
    )


def _cell_numbers(table: pa.Table, params: Params) -> NDArray[np.int64]:
    """Return the cell of each row: 0 is clean, then by corruption; -1 for cells of other runs."""
    names = pc.index_in(table["corruption"], pa.array(["clean", *params.corruptions]))
    row = pc.fill_null(names, -1).to_numpy().astype(np.int64)
    levels = pc.index_in(table["severity"], pa.array(params.severities, pa.int32()))
    column = pc.fill_null(levels, -1).to_numpy().astype(np.int64)
    cell: NDArray[np.int64] = 1 + (row - 1) * len(params.severities) + column
    cell[(row < 0) | (column < 0)] = -1
    cell[row == 0] = 0
    return cell
