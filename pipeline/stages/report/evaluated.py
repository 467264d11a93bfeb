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
from ...metrics.answers import Bools, Predictions
from ...metrics.summary import Summary
from ...params import Params
from ...storage import manifest, schemas
from ...storage.paths import DatasetPaths


@dataclass(frozen=True)
class Evaluated:
    """One dataset whose models were evaluated."""

    dataset: str
    class_names: tuple[str, ...]
    keys: tuple[str, ...]
    """Listed clips of the evaluated split."""
    labels: NDArray[np.integer]
    """(N,) class of each listed clip."""
    answers: Mapping[str, Predictions]
    summaries: Mapping[str, Summary]

    @property
    def corruptions(self) -> tuple[str, ...]:
        return next(iter(self.answers.values())).corruptions

    @property
    def severities(self) -> tuple[int, ...]:
        return next(iter(self.answers.values())).severities

    @cached_property
    def everywhere(self) -> Bools:
        """(N,) clips that every model was asked about in every cell."""
        there: Bools = np.logical_and.reduce([one.everywhere() for one in self.answers.values()])
        return there

    def ranked(self) -> "Evaluated":
        """The same with the models in the order of the leaderboard, best mPC first."""
        order = sorted(self.summaries, key=lambda name: (-self.summaries[name].mpc, name))
        return replace(
            self,
            answers={name: self.answers[name] for name in order},
            summaries={name: self.summaries[name] for name in order},
        )


def read_evaluated(dataset: str, params: Params, layout: DatasetPaths) -> Evaluated:
    """What the models of a dataset got right, in numbers; models as params.yaml lists them."""
    if not params.models[dataset]:
        raise SettingsError(f"params.yaml: models.{dataset} names no model to report on.")
    clips = manifest.read(layout.clips, schemas.CLIPS, ["key", "split", "label_id"])
    clips = clips.filter(pc.equal(clips["split"], params.evaluate.split))
    keys = clips["key"].combine_chunks()
    answers = {model: read_answers(model, keys, params, layout) for model in params.models[dataset]}
    return Evaluated(
        dataset=dataset,
        class_names=tuple(read_classes(layout.root / params.filter.sources[dataset].classes)),
        keys=tuple(keys.to_pylist()),
        labels=clips["label_id"].to_numpy(),
        answers=answers,
        summaries={
            model: metrics.summarize(
                some, params.evaluate.accounting, params.report.bootstrap_resamples
            )
            for model, some in answers.items()
        },
    )


def read_answers(model: str, keys: pa.Array, params: Params, layout: DatasetPaths) -> Predictions:
    """What a model got right, over all listed clips of the evaluated split.

    A clip that is missing, broken or failed in a cell is there with `ok` False.
    """
    path = layout.predictions / f"{model}.parquet"
    wanted = ["key", "corruption", "severity", "status", "correct1", "correct5"]
    table = manifest.read(path, schemas.PREDICTIONS, wanted)
    clip = pc.index_in(table["key"], keys)
    if clip.null_count:
        raise StageError(f"{path}: has clips that {layout.clips} lacks; run `dvc repro` again.")
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
    """Cell of each row: 0 is clean, then corruption by corruption; -1 for cells of other runs."""
    names = pc.index_in(table["corruption"], pa.array(["clean", *params.corruptions]))
    row = pc.fill_null(names, -1).to_numpy().astype(np.int64)
    levels = pc.index_in(table["severity"], pa.array(params.severities, pa.int32()))
    column = pc.fill_null(levels, -1).to_numpy().astype(np.int64)
    cell: NDArray[np.int64] = 1 + (row - 1) * len(params.severities) + column
    cell[(row < 0) | (column < 0)] = -1
    cell[row == 0] = 0
    return cell
