"""Effective robustness: mPC above what the clean accuracy predicts.

Definition. A line is fitted by least squares through the models of a leaderboard, with both axes on
logit scale: logit(mPC) = a + b logit(clean). Effective robustness is mPC minus the mPC on the line
at the model's clean accuracy, in percentage points.

Source: Taori et al. 2020, Measuring Robustness to Natural Distribution Shifts in Image
Classification (section 2); logit scale as in Miller et al. 2021, Accuracy on the Line.
"""

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
    x_mean, y_mean = x.mean(axis=-1, keepdims=True), y.mean(axis=-1, keepdims=True)
    spread = ((x - x_mean) ** 2).sum(axis=-1)
    slope: Floats = np.full(spread.shape, np.nan)
    enough = (spread > 1e-12) & (x.shape[-1] >= FEWEST_MODELS)
    np.divide(((x - x_mean) * (y - y_mean)).sum(axis=-1), spread, out=slope, where=enough)
    return y_mean[..., 0] - slope * x_mean[..., 0], slope


def line_at(clean: Floats, intercept: Floats, slope: Floats) -> Floats:
    """Return the mPC in percent on the line at clean accuracies in percent."""
    found: Floats = 100 / (1 + np.exp(-(intercept + slope * logit(clean))))
    return found


def effective_robustness(clean: Floats, mpc: Floats) -> Floats:
    """Return the effective robustness of each model.

    Parameters
    ----------
    clean, mpc : Floats
        (..., M), accuracies of M models in percent.

    Returns
    -------
    Floats
        (..., M), percentage points; nan for fewer than three models or equal clean accuracies.

    """
    intercept, slope = fitted_line(clean, mpc)
    above: Floats = mpc - line_at(clean, intercept[..., None], slope[..., None])
    return above
