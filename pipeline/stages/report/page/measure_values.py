"""Values of the metrics beyond accuracy for the page: tables, differences, diagrams, scatter."""

import math
from itertools import combinations
from typing import Any

import numpy as np

from .... import metrics
from ....metrics.answers import Floats
from ....metrics.effective_robustness import line_points
from ....metrics.measures import MEASURES
from ....metrics.ratios import Estimate, difference
from ..evaluated import Evaluated
from ..measured import COVERAGES, Diagrams

Cell = list[float | str | None] | None
"""Value, lower and upper bound; None where a metric is not available."""


def measure_values(results: Evaluated) -> dict[str, Any]:
    """Return what the page shows of metrics beyond accuracy, ready for JSON."""
    estimates = results.measured.estimates
    shown = [name for name in MEASURES if any(_cell(some.get(name)) for some in estimates.values())]
    return {
        "measures": [_described(name) for name in shown],
        "missing": [
            one.title
            for name, one in MEASURES.items()
            if name not in shown and one.needs != "reference"
        ],
        "measured": {
            model: [_cell(some.get(name)) for name in shown] for model, some in estimates.items()
        },
        "measured_differences": [
            [_difference(estimates[first].get(name), estimates[second].get(name)) for name in shown]
            for first, second in combinations(estimates, 2)
        ],
        "half_severities": _half_severities(results),
        "diagrams": {model: _diagrams(one) for model, one in results.measured.diagrams.items()},
        "coverages": [round(100 * float(coverage), 2) for coverage in COVERAGES],
        "scatter": _scatter(results),
    }


def _described(name: str) -> dict[str, str]:
    one = MEASURES[name]
    return {
        "name": name,
        "title": one.title,
        "unit": one.unit,
        "better": one.better,
        "group": one.group,
    }


def _cell(one: Estimate | None) -> Cell:
    if one is None or math.isnan(one.value):
        return None
    return [_rounded(one.value), *(_rounded(bound) for bound in one.ci95)]


def _difference(first: Estimate | None, second: Estimate | None) -> Cell:
    """Return a difference; None if it is not finite, such as that of a severity not reached."""
    if first is None or second is None:
        return None
    found = difference(first, second)
    if not math.isfinite(found.value):
        return None
    low, high = (bound if math.isfinite(bound) else math.nan for bound in found.ci95)
    return [_rounded(found.value), *(_rounded(bound) for bound in (low, high))]


def _rounded(value: float) -> float | str | None:
    if math.isinf(value):
        return "not reached"
    return None if math.isnan(value) else round(value, 4)


def _half_severities(results: Evaluated) -> dict[str, list[float | str | None]]:
    """Return the half severity of each corruption by model."""
    found = {}
    for model, summary in results.summaries.items():
        curves = np.array([list(cells.values()) for cells in summary.cells.values()])
        clean = np.full(len(curves), summary.clean_top1)
        halves = metrics.half_severity(clean, curves, results.severities)
        found[model] = [_rounded(value) for value in halves.tolist()]
    return found


def _diagrams(one: Diagrams) -> dict[str, Any]:
    return {
        "reliability": {
            str(severity): {
                "clips": some.clips.tolist(),
                "right": some.right.tolist(),
                "confidence": [round(value, 2) for value in some.confidence.tolist()],
                "ece": round(100 * some.error, 2),
            }
            for severity, some in one.reliability.items()
        },
        "risk": {
            str(severity): [round(value, 2) for value in some.tolist()]
            for severity, some in one.risk.items()
        },
    }


def _scatter(results: Evaluated) -> dict[str, Any]:
    """Return clean accuracy and mPC of all comparable models, and the line through them."""
    points = [
        {"model": model, "clean": one.clean_top1, "mpc": one.mpc, "external": False}
        for model, one in results.summaries.items()
    ]
    points += [
        {"model": one.model, "clean": one.clean_top1, "mpc": one.mpc, "external": True}
        for one in results.external
    ]
    clean, mpc = (np.array([point[name] for point in points], float) for name in ("clean", "mpc"))
    intercept, slope = metrics.fitted_line(*_line_points(results))
    line: list[list[float]] = []
    if not np.isnan(slope):
        margin = max(2.0, 0.1 * float(np.ptp(clean)))
        places = np.linspace(max(1, clean.min() - margin), min(99, clean.max() + margin), 40)
        values = metrics.line_at(places, intercept, slope)
        line = np.round(np.stack([places, values], axis=1), 3).tolist()
    return {
        "points": [
            point | {"clean": round(float(x), 3), "mpc": round(float(y), 3)}
            for point, x, y in zip(points, clean, mpc, strict=True)
        ],
        "line": line,
    }


def _line_points(results: Evaluated) -> tuple[Floats, Floats]:
    """Return clean accuracy and mPC of the line's models, of the clips that metrics are of."""
    clean, mpc = (
        np.array([one[name].value for one in results.measured.estimates.values()])
        for name in ("clean_top1", "mpc")
    )
    return line_points(clean, mpc, list(results.measured.estimates), results.line)
