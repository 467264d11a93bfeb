"""Report stage: predictions in, leaderboard, tables, figures and the page out.

`metrics.json` has all numbers, `headline` one file per model with the few that `dvc metrics` shows,
`curves` are DVC's plots, `leaderboard.csv` and `leaderboard.md` the tables, `results` one JSON file
per model, `index.html` the page.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ...io.atomic import write_text
from ...io.locks import file_lock
from ...params import Params
from ...storage.paths import DatasetPaths
from . import leaderboard, submissions
from .evaluated import read_evaluated
from .figures import write_figures
from .page.build import write_page
from .plots import delete_others, write_calibration, write_curves
from .predictions import BENCHMARK, models_of
from .protocols import as_protocol, imported_protocol
from .result import Hardware
from .stored import read_stored
from .values import dataset_values, headline

log = logging.getLogger(__name__)


def report(params: Params, root: Path) -> None:
    """Write the report of all datasets of params.yaml."""
    with file_lock(root / "data" / ".report.lock"):
        _report(params, root)


def _report(params: Params, root: Path) -> None:
    added = submissions.read_results(root)
    evaluated = [
        read_evaluated(dataset, params, DatasetPaths(root, dataset), added).ranked()
        for dataset in _with_models(params, root)
    ]
    name = params.set_name
    reference = params.report.reference_model
    folder = root / "report"
    folder.mkdir(exist_ok=True)
    values = {one.dataset: dataset_values(one, name, reference) for one in evaluated}
    _write_json(folder / "metrics.json", values)
    _write_headline(folder / "headline", values)
    rows = leaderboard.ranked([*leaderboard.our_rows(values), *leaderboard.added_rows(added)])
    write_text(folder / "leaderboard.csv", leaderboard.as_csv(rows))
    write_text(folder / "leaderboard.md", leaderboard.as_markdown(rows))
    write_curves(folder / "curves", {one.dataset: one.summaries for one in evaluated})
    write_calibration(folder / "calibration", {one.dataset: one.measured for one in evaluated})
    _write_results(folder / "results", values, params)
    pages = []
    for one in evaluated:
        stored = read_stored(one, params, root)
        write_figures(one, stored.shown, root, folder / "figures")
        pages.append((one, stored))
    write_page(pages, rows, added, params, root)


def _with_models(params: Params, root: Path) -> list[str]:
    """Return the datasets with models or imported predictions; others are not reported."""
    found = [
        dataset
        for dataset in params.datasets
        if models_of(dataset, params, DatasetPaths(root, dataset))
    ]
    for dataset in params.datasets:
        if dataset not in found:
            log.warning("report: models.%s is empty; %s is left out.", dataset, dataset)
    if not found:
        raise SettingsError(
            "params.yaml: models: no dataset has a model; add one under models.<dataset> and run "
            "the evaluate stage, or import predictions."
        )
    return found


def _write_headline(folder: Path, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Write one JSON per model, since `dvc metrics show` prints a line per file."""
    written = set()
    for dataset, some in values.items():
        for model, one in some.items():
            path = folder / dataset / f"{model}.json"
            _write_json(path, headline(one))
            written.add(path)
    delete_others(folder, written)


def _write_json(path: Path, values: Any) -> None:
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def _write_results(folder: Path, values: Mapping[str, Mapping[str, Any]], params: Params) -> None:
    """Write one JSON per model in the form that `python -m pipeline report --add` reads."""
    written = set()
    for dataset, some in values.items():
        picture = params.decode.pictures[dataset]
        for model, one in some.items():
            if not one["clean_top1"]:
                continue  # rPC is not defined
            words = one.get("protocol", BENCHMARK)
            protocol = (
                imported_protocol(words)
                if one.get("imported")
                else as_protocol(words, params.evaluate.frames, picture)
            )
            stated = one.get("hardware")
            hardware = None if stated is None else Hardware.model_validate(stated)
            result = submissions.as_result(
                dataset, model, one, "unpublished", params, protocol, hardware
            )
            path = folder / f"{dataset}-{model}.json"
            write_text(path, submissions.as_json(result))
            written.add(path)
    folder.mkdir(exist_ok=True)
    for path in set(folder.iterdir()) - written:
        path.unlink()
