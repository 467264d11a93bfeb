"""Report: from predictions to the leaderboard, as numbers, tables and pictures.

`report/metrics.json` is DVC's metrics file, `report/curves` are DVC's plots; `leaderboard.csv` and
`leaderboard.md` are for people and papers, `index.html` is the page to look at.
"""

import csv
import io
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rich.table import Table

from corruptions.sets import set_of
from pipeline import metrics
from pipeline.classes import read_classes
from pipeline.errors import SettingsError, StageError
from pipeline.figures import severity_figure
from pipeline.io import manifest
from pipeline.io.atomic import atomic, write_text
from pipeline.layout import Layout
from pipeline.metrics import Answers, Summary
from pipeline.page.build import write_page
from pipeline.page.evaluated import Evaluated
from pipeline.params import Params

log = logging.getLogger(__name__)

COLUMNS = (
    "dataset",
    "model",
    "clean_top1",
    "clean_top5",
    "mpc",
    "mpc_low",
    "mpc_high",
    "rpc",
    "rpc_low",
    "rpc_high",
    "set",
    "num_clips",
    "num_clips_listed",
    "accounting",
)


def report(params: Params, root: Path) -> None:
    """Write the report of all datasets of params.yaml."""
    results = [
        read_evaluated(dataset, params, Layout(root, dataset)) for dataset in params.datasets
    ]
    summaries = {one.dataset: one.summaries for one in results}
    name = set_of(params.corruptions)
    folder = root / "report"
    folder.mkdir(exist_ok=True)
    values = {
        dataset: {model: as_metrics(summary, name) for model, summary in some.items()}
        for dataset, some in summaries.items()
    }
    write_text(folder / "metrics.json", json.dumps(values, indent=2) + "\n")
    rows = leaderboard_rows(values)
    write_text(folder / "leaderboard.csv", _as_csv(rows))
    write_text(folder / "leaderboard.md", _as_markdown(rows))
    _write_curves(folder / "curves", summaries)
    for dataset, some in summaries.items():
        with atomic(folder / "figures" / f"{dataset}.png") as temporary:
            severity_figure(dataset, some, temporary)
    write_page([one.ranked() for one in results], rows, params, root)


def read_evaluated(dataset: str, params: Params, layout: Layout) -> Evaluated:
    """What the models of a dataset got right, in numbers; models as params.yaml lists them."""
    if not params.models[dataset]:
        raise SettingsError(f"params.yaml: models.{dataset} names no model to report on.")
    clips = manifest.read(layout.clips, manifest.CLIPS, ["key", "split", "label_id"])
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


def read_answers(model: str, keys: pa.Array, params: Params, layout: Layout) -> Answers:
    """What a model got right, over all listed clips of the evaluated split.

    A clip that is missing, broken or failed in a cell is there with `ok` False.
    """
    path = layout.predictions / f"{model}.parquet"
    wanted = ["key", "corruption", "severity", "status", "correct1", "correct5"]
    table = manifest.read(path, manifest.PREDICTIONS, wanted)
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
    return Answers(
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


def as_metrics(summary: Summary, set_name: str) -> dict[str, Any]:
    """One model in metrics.json; accuracies in percent."""
    return {
        "clean_top1": summary.clean_top1,
        "clean_top5": summary.clean_top5,
        "mpc": summary.mpc,
        "mpc_ci95": list(summary.mpc_ci95),
        "rpc": summary.rpc,
        "rpc_ci95": list(summary.rpc_ci95),
        "gamma_a": summary.gamma_a,
        "gamma_r": summary.gamma_r,
        "set": set_name,
        "accounting": summary.accounting,
        "num_clips": summary.num_clips,
        "num_clips_listed": summary.num_clips_strict,
        "cells": {
            corruption: {str(severity): value for severity, value in some.items()}
            for corruption, some in summary.cells.items()
        },
    }


def leaderboard_rows(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the leaderboard, best mPC first within a dataset."""
    rows = [
        {
            "dataset": dataset,
            "model": model,
            **{name: one[name] for name in ("clean_top1", "clean_top5", "mpc", "rpc", "set")},
            "mpc_low": one["mpc_ci95"][0],
            "mpc_high": one["mpc_ci95"][1],
            "rpc_low": one["rpc_ci95"][0],
            "rpc_high": one["rpc_ci95"][1],
            **{name: one[name] for name in ("num_clips", "num_clips_listed", "accounting")},
        }
        for dataset, some in values.items()
        for model, one in some.items()
    ]
    return sorted(rows, key=lambda row: (row["dataset"], -row["mpc"], row["model"]))


def leaderboard_table(root: Path) -> list[Table]:
    """The leaderboard of the last report, one table a dataset, for the terminal."""
    path = root / "report" / "metrics.json"
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise StageError(f"{path}: no report yet; run `dvc repro`.") from None
    rows = leaderboard_rows(values)
    tables = []
    for dataset in values:
        table = Table(title=f"Robustness on {dataset}", caption=_caption(rows, dataset))
        for name in ("model", "clean top-1", "mPC", "95 %", "rPC", "95 %", "N", "set"):
            table.add_column(name, justify="left" if name in ("model", "set") else "right")
        for row in rows:
            if row["dataset"] == dataset:
                table.add_row(*_cells(row))
        tables.append(table)
    return tables


def _caption(rows: list[dict[str, Any]], dataset: str) -> str:
    row = next(row for row in rows if row["dataset"] == dataset)
    return (
        f"top-1 in %; N of {row['num_clips_listed']} listed clips, {row['accounting']} accounting"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        row["model"],
        f"{row['clean_top1']:.1f}",
        f"{row['mpc']:.1f}",
        f"{row['mpc_low']:.1f} to {row['mpc_high']:.1f}",
        f"{row['rpc']:.1f}",
        f"{row['rpc_low']:.1f} to {row['rpc_high']:.1f}",
        f"{row['num_clips']}",
        row["set"],
    ]


def _as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                key: f"{value:.4f}" if isinstance(value, float) else value
                for key, value in row.items()
            }
        )
    return text.getvalue()


def _as_markdown(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| dataset | model | clean top-1 | mPC | 95 % | rPC | 95 % | N | set |",
        "|---|---|--:|--:|:-:|--:|:-:|--:|---|",
        *("| " + " | ".join([row["dataset"], *_cells(row)]) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _write_curves(folder: Path, summaries: Mapping[str, Mapping[str, Summary]]) -> None:
    """Top-1 over severity, one CSV per model and corruption, severity 0 the clean set."""
    written = set()
    for dataset, some in summaries.items():
        for model, summary in some.items():
            curves = dict(summary.cells)
            severities = next(iter(summary.cells.values()))
            curves["mean"] = {
                severity: float(np.mean([cell[severity] for cell in summary.cells.values()]))
                for severity in severities
            }
            for corruption, cells in curves.items():
                path = folder / dataset / model / f"{corruption}.csv"
                points = {0: summary.clean_top1, **cells}
                lines = ["severity,top1", *(f"{s},{value:.4f}" for s, value in points.items())]
                write_text(path, "\n".join(lines) + "\n")
                written.add(path)
    for path in folder.rglob("*.csv"):
        if path not in written:
            path.unlink()
