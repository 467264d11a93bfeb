"""Report stage: predictions in, leaderboard, tables, figures and the page out.

`report/metrics.json` is DVC's metrics file, `report/curves` are DVC's plots, `leaderboard.csv` and
`leaderboard.md` the tables, `results/` one JSON file per model, `index.html` the page.
"""

import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import corruptions
from corruptions.sets import set_of

from ... import metrics
from ...errors import SettingsError
from ...io.atomic import write_text
from ...io.locks import file_lock
from ...metrics.summary import Summary
from ...params import Params
from ...storage.paths import DatasetPaths
from . import leaderboard, submissions
from .evaluated import Evaluated, read_evaluated
from .figures import write_figures
from .page.build import write_page
from .stored import read_stored

log = logging.getLogger(__name__)


def report(params: Params, root: Path) -> None:
    """Write the report of all datasets of params.yaml."""
    with file_lock(root / "data" / ".report.lock"):
        _report(params, root)


def _report(params: Params, root: Path) -> None:
    added = submissions.read_results(root)
    evaluated = [
        read_evaluated(dataset, params, DatasetPaths(root, dataset))
        for dataset in _with_models(params)
    ]
    name = set_of(params.corruptions)
    reference = params.report.reference_model
    folder = root / "report"
    folder.mkdir(exist_ok=True)
    values = {
        one.dataset: {
            model: as_metrics(summary, name) | _against(reference, summary, one)
            for model, summary in one.summaries.items()
        }
        for one in evaluated
    }
    write_text(folder / "metrics.json", json.dumps(values, indent=2, allow_nan=False) + "\n")
    rows = leaderboard.ranked([*leaderboard.our_rows(values), *leaderboard.added_rows(added)])
    write_text(folder / "leaderboard.csv", leaderboard.as_csv(rows))
    write_text(folder / "leaderboard.md", leaderboard.as_markdown(rows))
    summaries = {one.dataset: one.summaries for one in evaluated}
    _write_curves(folder / "curves", summaries)
    _write_results(folder / "results", values)
    pages = []
    for one in evaluated:
        stored = read_stored(one.ranked(), params, root)
        write_figures(one, stored.shown, root, folder / "figures")
        pages.append((one.ranked(), stored))
    write_page(pages, rows, params, root)


def _with_models(params: Params) -> list[str]:
    """Return the datasets with models; the others were not evaluated and are not reported."""
    found = [dataset for dataset in params.datasets if params.models[dataset]]
    for dataset in params.datasets:
        if dataset not in found:
            log.warning("report: models.%s is empty; %s is left out.", dataset, dataset)
    if not found:
        raise SettingsError(
            "params.yaml: models: no dataset has a model; add one under models.<dataset> and run "
            "the evaluate stage."
        )
    return found


def _against(reference: str | None, summary: Summary, one: Evaluated) -> dict[str, Any]:
    """Return mCE and relative mCE in percent; nothing without a reference model."""
    if reference is None:
        return {}
    if reference not in one.summaries:
        raise SettingsError(
            f"params.yaml: report.reference_model: unknown model of {one.dataset} "
            f"(got {reference!r}); choose from {', '.join(one.summaries)}."
        )
    other = one.summaries[reference]
    errors = metrics.corruption_errors(
        tuple(summary.cells),
        _grid(summary),
        summary.clean_top1,
        _grid(other),
        other.clean_top1,
    )
    return {
        "reference": reference,
        "mce": _number(errors.mce),
        "relative_mce": _number(errors.relative_mce),
    }


def _grid(summary: Summary) -> NDArray[np.float64]:
    return np.array([list(cells.values()) for cells in summary.cells.values()])


def _number(value: float) -> float | None:
    """Return the number, or None where it is not defined (JSON has no NaN)."""
    return value if math.isfinite(value) else None


def as_metrics(summary: Summary, set_name: str) -> dict[str, Any]:
    """Return the entry of one model in metrics.json; accuracies in percent."""
    return {
        "clean_top1": summary.clean_top1,
        "clean_top5": summary.clean_top5,
        "mpc": summary.mpc,
        "mpc_ci95": list(summary.mpc_ci95),
        "rpc": _number(summary.rpc),
        "rpc_ci95": [_number(bound) for bound in summary.rpc_ci95],
        "gamma_a": summary.gamma_a,
        "gamma_r": _number(summary.gamma_r),
        "set": set_name,
        "accounting": summary.accounting,
        "num_clips": summary.num_clips,
        "num_clips_listed": summary.num_clips_strict,
        "cells": {
            corruption: {str(severity): value for severity, value in some.items()}
            for corruption, some in summary.cells.items()
        },
    }


def _write_curves(folder: Path, summaries: Mapping[str, Mapping[str, Summary]]) -> None:
    """Write top-1 over severity, one CSV per model and corruption; severity 0 is the clean set."""
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


def _write_results(folder: Path, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Write one JSON per model in the form that `python -m pipeline report --add` reads."""
    whole = list(corruptions.SEVERITIES)
    written = set()
    for dataset, some in values.items():
        for model, one in some.items():
            grid = next(iter(one["cells"].values()))
            if [int(severity) for severity in grid] != whole or not one["clean_top1"]:
                continue  # a part of the grid cannot be compared
            result = submissions.as_result(dataset, model, one, "unpublished")
            path = folder / f"{dataset}-{model}.json"
            write_text(path, result.model_dump_json(indent=2) + "\n")
            written.add(path)
    folder.mkdir(exist_ok=True)
    for path in set(folder.iterdir()) - written:
        path.unlink()
