"""CSV files of the plots that `dvc plots` shows: one per curve."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...io.atomic import write_text
from ...metrics.summary import Summary
from .measured import Measured


def write_curves(folder: Path, summaries: Mapping[str, Mapping[str, Summary]]) -> None:
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
    delete_others(folder, written)


def write_calibration(folder: Path, measured: Mapping[str, Measured]) -> None:
    """Write the calibration error over severity, one CSV per model with softmax statistics.

    Severities pool all corruptions; severity 0 is the clean set.
    """
    folder.mkdir(exist_ok=True)
    written = set()
    for dataset, one in measured.items():
        for model, diagrams in one.diagrams.items():
            path = folder / dataset / f"{model}.csv"
            points = sorted(diagrams.reliability.items())
            lines = [f"{severity},{100 * some.error:.4f}" for severity, some in points]
            write_text(path, "\n".join(["severity,ece", *lines]) + "\n")
            written.add(path)
    delete_others(folder, written)


def delete_others(folder: Path, written: set[Path]) -> None:
    """Delete the files of datasets, models and corruptions that are not in this run."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in written:
            path.unlink()
