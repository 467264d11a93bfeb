"""Effective robustness: mPC above what the clean accuracy predicts.

Definition. A line is fitted by least squares through the models of a leaderboard, with both axes on
logit scale: logit(mPC) = a + b logit(clean). Effective robustness is mPC minus the mPC on the line
at the model's clean accuracy, in percentage points. The line may also go through models of which
only the accuracies are known, and a model that saw the clips in another way is measured against the
line and not part of it.

Source: Taori et al. 2020, Measuring Robustness to Natural Distribution Shifts in Image
Classification (section 2); logit scale as in Miller et al. 2021, Accuracy on the Line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .answers import Floats

FEWEST_MODELS = 3
"""Two models define the line exactly, so that no residual remains."""

EDGE = 0.05
"""Percent: accuracies closer to 0 or 100 are moved to it, where the logit is finite."""


def logit(percent: Floats) -> Floats:
    """Return log(p / (1 - p)) of accuracies in percent."""
    share = np.clip(percent, EDGE, 100 - EDGE) / 100
    found: Floats = np.log(share / (1 - share))
    return found


def fitted_line(clean: Floats, mpc: Floats) -> tuple[Floats, Floats]:
    """Return intercept and slope on logit scale of the line through models (..., M).

    Both are nan for fewer than three models or equal clean accuracies.
    """
    x, y = logit(clean), logit(mpc)
    slope: Floats = np.full(x.shape[:-1], np.nan)
    if x.shape[-1] < FEWEST_MODELS:
        return slope, slope
    x_mean, y_mean = x.mean(axis=-1, keepdims=True), y.mean(axis=-1, keepdims=True)
    spread = ((x - x_mean) ** 2).sum(axis=-1)
    above = ((x - x_mean) * (y - y_mean)).sum(axis=-1)
    np.divide(above, spread, out=slope, where=spread > 1e-12)
    return y_mean[..., 0] - slope * x_mean[..., 0], slope


def line_at(clean: Floats, intercept: Floats, slope: Floats) -> Floats:
    """Return the mPC in percent on the line at clean accuracies in percent."""
    found: Floats = 100 / (1 + np.exp(-(intercept + slope * logit(clean))))
    return found


@dataclass(frozen=True)
class LineModels:
    """Models that the line goes through."""

    names: frozenset[str] | None = None
    """Evaluated models; None for all of them."""
    clean: tuple[float, ...] = ()
    """Clean accuracies in percent of further models, which are equal in all resamples."""
    mpc: tuple[float, ...] = ()
    """Their mPC in percent."""


def line_points(
    clean: Floats, mpc: Floats, models: Sequence[str], line: LineModels
) -> tuple[Floats, Floats]:
    """Return clean accuracy and mPC (..., L) of the models that the line goes through.

    `clean` and `mpc` are (..., M), of the models in their order.
    """
    chosen = [n for n, name in enumerate(models) if line.names is None or name in line.names]

    def points(own: Floats, others: tuple[float, ...]) -> Floats:
        shape = (*own.shape[:-1], len(others))
        fixed = np.broadcast_to(np.array(others, float), shape)
        return np.concatenate([own[..., chosen], fixed], axis=-1)

    return points(clean, line.clean), points(mpc, line.mpc)


def effective_robustness(
    clean: Floats, mpc: Floats, line: tuple[Floats, Floats] | None = None
) -> Floats:
    """Return the effective robustness of each model.

    Parameters
    ----------
    clean, mpc : Floats
        (..., M), accuracies of M models in percent.
    line : tuple[Floats, Floats] or None
        Clean accuracy and mPC (..., L) in percent of the models that the line goes through; None
        for the M models.

    Returns
    -------
    Floats
        (..., M), percentage points; nan if the line goes through fewer than three models or ones of
        equal clean accuracy.

    """
    intercept, slope = fitted_line(*(line or (clean, mpc)))
    above: Floats = mpc - line_at(clean, intercept[..., None], slope[..., None])
    return above
