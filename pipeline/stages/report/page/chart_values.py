"""What the models of one dataset got right: the numbers behind tables and charts of the page."""

from typing import Any

import numpy as np

from .... import metrics
from ....metrics.pairs import Pair, differences
from ....metrics.summary import Summary
from ..evaluated import Evaluated


def chart_values(results: Evaluated, resamples: int) -> dict[str, Any]:
    """Everything that the page's scripts draw, as JSON."""
    pairs = differences(
        results.answers, next(iter(results.summaries.values())).accounting, resamples
    )
    return {
        "corruptions": list(results.corruptions),
        "severities": list(results.severities),
        "models": {name: _cells(summary) for name, summary in results.summaries.items()},
        "classes": _classes(results),
        "pairs": [_pair(pair) for pair in pairs],
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
    """Top-1 by class: clean and the mean over severities of each corruption; classes with clips."""
    num_classes = len(results.class_names)
    models, counts = {}, np.zeros(num_classes, np.int64)
    for name, answers in results.answers.items():
        accounting = results.summaries[name].accounting
        labels = results.labels
        if accounting == "common":
            labels = labels[answers.everywhere()]
        counts = np.bincount(labels, minlength=num_classes)
        counted = metrics.account(answers, accounting)
        means = metrics.per_class(counted, labels, num_classes).mean(axis=2)
        models[name] = [_shorts(row) for row in means[counts > 0].tolist()]
    there = np.flatnonzero(counts)
    return {
        "names": [results.class_names[index] for index in there],
        "clips": counts[there].tolist(),
        "models": models,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    values = pair.difference
    return {
        "first": pair.first,
        "second": pair.second,
        "clips": values.num_clips,
        "significant": values.significant,
        "clean": _shorts([values.clean_top1, *values.clean_top1_ci95]),
        "mpc": _shorts([values.mpc, *values.mpc_ci95]),
        "rpc": _shorts([values.rpc, *values.rpc_ci95]),
        "corruptions": [_shorts([value, *limits]) for value, limits in pair.corruptions.values()],
    }


def _short(value: float) -> float | None:
    """Four decimals; JSON has no nan."""
    return None if np.isnan(value) else round(float(value), 4)


def _shorts(values: Any) -> list[float | None]:
    return [_short(value) for value in values]
