"""Predictions and outputs of models, read from their manifests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import SettingsError, StageError
from ...metrics.answers import Bools, Predictions
from ...metrics.outputs import Outputs, Scores
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths

BENCHMARK = "benchmark"
"""Protocol of one clip of uniform frames and one centre crop."""


def models_of(dataset: str, params: Params, paths: DatasetPaths) -> list[str]:
    """Return the models of a dataset: those of params.yaml, then those with imported predictions.

    Raises
    ------
    SettingsError
        If a model of params.yaml has the name of an imported one.

    """
    own, imported = list(params.models[dataset]), paths.imported_models()
    if both := sorted(set(own) & set(imported)):
        raise SettingsError(
            f"{paths.imported / both[0]}.parquet: also a model of params.yaml (models.{dataset}); "
            "delete the file or rename the model."
        )
    return own + imported


def read_protocol(model: str, paths: DatasetPaths) -> str:
    """Read how a model saw the clips; refuse predictions of several protocols."""
    path = paths.predictions_of(model)
    found = pc.unique(manifest.read(path, schemas.PREDICTIONS, ["protocol"])["protocol"])
    protocols = sorted({one or BENCHMARK for one in found.to_pylist()})
    if len(protocols) > 1:
        raise StageError(
            f"{path}: predictions of several protocols ({', '.join(protocols)}); run "
            "`dvc repro` again."
        )
    return protocols[0] if protocols else BENCHMARK


def read_hardware(model: str, paths: DatasetPaths) -> dict[str, str] | None:
    """Read the devices and the precision of predictions; None if a row does not state them."""
    path = paths.predictions_of(model)
    table = manifest.read(path, schemas.PREDICTIONS, ["device", "precision"])
    found = {name: pc.unique(table[name]).to_pylist() for name in ("device", "precision")}
    if None in found["device"] or len(found["precision"]) != 1 or found["precision"] == [None]:
        return None
    return {"device": ", ".join(sorted(found["device"])), "precision": found["precision"][0]}


def labelled(model: str, protocol: str) -> str:
    """Return a model's name for comparisons, with its protocol unless it is the benchmark's."""
    return model if protocol == BENCHMARK else f"{model} [{protocol}]"


def read_predictions(
    model: str, keys: pa.Array, params: Params, paths: DatasetPaths
) -> Predictions:
    """Read a model's correct answers for all listed clips of the evaluated split.

    A clip that is missing, broken or failed in a cell is included with `ok` False.
    """
    rows = _read(model, keys, params, paths, ["status", "correct1", "correct5"])
    ok = rows.grid(pc.equal(rows.table["status"], "ok").to_numpy(), False)
    top1 = rows.grid(rows.table["correct1"].to_numpy(), False)
    fifth = rows.table["correct5"]
    top5 = None if fifth.null_count else rows.grid(fifth.to_numpy(), False)
    shape = (len(keys), len(params.corruptions), len(params.severities))
    return Predictions(
        corruptions=params.corruptions,
        severities=params.severities,
        clean_top1=top1[:, 0],
        clean_top5=None if top5 is None else top5[:, 0],
        clean_ok=ok[:, 0],
        top1=top1[:, 1:].reshape(shape),
        top5=None if top5 is None else top5[:, 1:].reshape(shape),
        ok=ok[:, 1:].reshape(shape),
    )


def read_outputs(
    model: str, keys: pa.Array, clips: Bools, params: Params, paths: DatasetPaths
) -> Outputs:
    """Read a model's classes and softmax statistics for the clips (N,) that are True.

    These clips have a prediction in every cell. An array is None where the file does not hold it
    for all of them, such as softmax statistics of imported predictions.
    """
    names = ["confidence", "nll", "sum_p2"]
    rows = _read(model, keys, params, paths, ["correct1", "top5", *names])
    right = rows.grid(rows.table["correct1"].to_numpy(), False)[clips]
    scores = {name: _complete(rows, rows.table[name], clips) for name in names}
    return Outputs(
        corruptions=params.corruptions,
        severities=params.severities,
        right=right,
        classes=_classes(rows, clips),
        **scores,
    )


@dataclass(frozen=True)
class _Rows:
    """Rows of a prediction file with their place in arrays of (listed clips, cells)."""

    table: pa.Table
    """Only rows of cells that the run lists."""
    clip: NDArray[np.integer]
    cell: NDArray[np.integer]
    shape: tuple[int, int]

    def grid(self, values: NDArray[Any], missing: float) -> NDArray[Any]:
        """Return the values (listed clips, cells); `missing` where there is no row."""
        grid = np.full(self.shape, missing, values.dtype)
        grid[self.clip, self.cell] = values
        return grid


def _read(
    model: str, keys: pa.Array, params: Params, paths: DatasetPaths, columns: list[str]
) -> _Rows:
    path = paths.predictions_of(model)
    wanted = ["key", "corruption", "severity", *columns]
    table = manifest.read(path, schemas.PREDICTIONS, wanted)
    clip = pc.index_in(table["key"], keys)
    if clip.null_count:
        raise StageError(
            f"{path}: {clip.null_count} rows of clips that {paths.clips} does not list; run "
            "`dvc repro` again."
        )
    cell = _cell_numbers(table, params)
    known = cell >= 0
    shape = (len(keys), 1 + len(params.corruptions) * len(params.severities))
    kept = table.select(columns)
    if known.all():
        return _Rows(kept, clip.to_numpy(), cell, shape)
    return _Rows(kept.filter(pa.array(known)), clip.to_numpy()[known], cell[known], shape)


def _complete(rows: _Rows, column: pa.ChunkedArray, clips: Bools) -> Scores | None:
    """Return a column (clips, cells); None if a value is missing."""
    values = pc.fill_null(column, np.nan).to_numpy()
    found = rows.grid(values, np.nan)[clips]
    return None if np.isnan(found).any() else found


def _classes(rows: _Rows, clips: Bools) -> NDArray[np.int32] | None:
    """Return the predicted classes (clips, cells); None if one is missing."""
    column = rows.table["top5"]
    empty = pc.fill_null(pc.equal(pc.list_value_length(column), 0), True)
    none = pa.scalar([-1], column.type)
    first = pc.list_element(pc.if_else(empty, none, column), 0)
    found = rows.grid(first.to_numpy().astype(np.int32), -1)[clips]
    return None if (found < 0).any() else found


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
