"""Values behind the charts and tables of the page for one dataset."""

from typing import Any

import numpy as np

from .... import metrics
from ....metrics.comparison import Difference
from ....metrics.summary import Summary
from ..evaluated import Evaluated
from .measure_values import measure_values


def chart_values(results: Evaluated) -> dict[str, Any]:
    """Return everything that the page's scripts draw, ready for JSON."""
    return {
        "corruptions": list(results.corruptions),
        "severities": list(results.severities),
        "chance": _short(next(iter(results.summaries.values())).chance),
        "models": {name: _cells(summary) for name, summary in results.summaries.items()},
        "classes": _classes(results),
        **measure_values(results),
        "ranks": {name: list(rank) for name, rank in results.rank_intervals.items()},
        "pairs": [_pair(*pair, one) for pair, one in results.differences.items()],
    }


def _cells(summary: Summary) -> dict[str, Any]:
    return {
        "clean": _short(summary.clean_top1),
        "clean_ci95": _shorts(summary.clean_top1_ci95),
        "mpc": _short(summary.mpc),
        "mpc_ci95": _shorts(summary.mpc_ci95),
        "cells": [_shorts(some.values()) for some in summary.cells.values()],
        "cells_ci95": [
            [_shorts(interval) for interval in some.values()]
            for some in summary.cells_ci95.values()
        ],
    }


def _classes(results: Evaluated) -> dict[str, Any]:
    """Return top-1 by class with clips: clean, and each corruption's mean over severities."""
    num_classes = len(results.class_names)
    models, counts = {}, np.zeros(num_classes, np.int64)
    for name, predictions in results.predictions.items():
        accounting = results.summaries[name].accounting
        labels = results.labels
        if accounting == "common":
            labels = labels[predictions.everywhere()]
        counts = np.bincount(labels, minlength=num_classes)
        counted = metrics.account(predictions, accounting)
        means = metrics.per_class(counted, labels, num_classes).mean(axis=2)
        models[name] = [_shorts(row, 2) for row in means[counts > 0].tolist()]
    present = np.flatnonzero(counts)
    return {
        "names": [results.class_names[index] for index in present],
        "clips": counts[present].tolist(),
        "models": models,
    }


def _pair(first: str, second: str, values: Difference) -> dict[str, Any]:
    return {
        "first": first,
        "second": second,
        "clips": values.num_clips,
        "significant": values.jointly_significant,
        "p": round(values.mpc_p, 4),
        "joint": _shorts(values.mpc_joint),
        "smallest": _short(values.smallest),
        "corruptions_p": [round(p, 4) for p in values.corruptions_p.values()],
        "clean": _shorts([values.clean_top1, *values.clean_top1_ci95]),
        "mpc": _shorts([values.mpc, *values.mpc_ci95]),
        "rpc": _shorts([values.rpc, *values.rpc_ci95]),
        "corruptions": [
            _shorts([value, *values.corruptions_ci95[name]])
            for name, value in values.corruptions.items()
        ],
    }


def _short(value: float, digits: int = 4) -> float | None:
    """Round a number; None for nan, which JSON lacks."""
    return None if np.isnan(value) else round(float(value), digits)


def _shorts(values: Any, digits: int = 4) -> list[float | None]:
    return [_short(value, digits) for value in values]
