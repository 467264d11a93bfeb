"""Statements about many differences at once: adjusted p-values, simultaneous intervals, ranks.

With many models or cells some 95 % intervals exclude 0 by chance. The bootstrap draws of all
differences of a family are used together: with d_i the difference, se_i the standard deviation of
its draws d_i*, and M* = max over i of |d_i* - d_i| / se_i,

    simultaneous interval: d_i +- q se_i, with q the 95 % quantile of M*; all of them hold together
    with probability 95 %
    adjusted p-value: the share of resamples in which the maximum over the differences not yet
    rejected is at least |d_i| / se_i (step-down); rejecting where it is below 0.05 makes any wrong
    rejection in the family a 5 % event
    rank interval: rank 1 + the models that are significantly better, up to M - those significantly
    worse, by the simultaneous intervals of all pairs; all ranks hold together with probability 95 %

Sources: Westfall and Young 1993, Resampling-Based Multiple Testing; Romano and Wolf 2005, Exact and
Approximate Stepdown Methods for Multiple Hypothesis Testing; Mogstad et al. 2024, Inference for
Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement across Countries.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from .answers import Floats, Interval

LEVEL = 0.05
"""Error rate of a family of statements."""


@dataclass(frozen=True)
class Family:
    """Simultaneous inference for a family of differences."""

    p_adjusted: Floats
    """(P,), step-down adjusted p-values, 0..1."""
    intervals: Floats
    """(P, 2), simultaneous 95 % intervals."""


def family(values: Floats, draws: Floats) -> Family:
    """Return adjusted p-values and simultaneous intervals of P differences.

    Parameters
    ----------
    values : Floats
        (P,), differences.
    draws : Floats
        (R, P), their bootstrap draws, from the same resamples.

    Returns
    -------
    Family
        A difference whose draws are all equal, such as that of two identical models, has p-value 1
        if it is 0 and an interval of length 0.

    """
    errors = draws.std(axis=0)
    live = errors > 1e-12
    scale = np.where(live, errors, 1)
    deviations = np.where(live, np.abs(draws - values) / scale, 0)
    statistics = np.where(live, np.abs(values) / scale, np.where(values == 0, 0, np.inf))
    order = np.argsort(-statistics, kind="stable")
    # Maximum over the differences that are not larger, from the smallest upwards.
    largest = np.maximum.accumulate(deviations[:, order[::-1]], axis=1)[:, ::-1]
    exceeded = (largest >= statistics[order]).sum(axis=0)
    stepwise = np.maximum.accumulate((1 + exceeded) / (1 + len(draws)))
    p_adjusted = np.empty(len(values))
    p_adjusted[order] = stepwise
    quantile = np.quantile(largest[:, 0], 1 - LEVEL) if len(values) else 0.0
    reach = quantile * errors * live
    return Family(p_adjusted, np.stack([values - reach, values + reach], axis=1))


def rank_intervals(
    models: Sequence[str], pairs: Mapping[tuple[str, str], Interval]
) -> dict[str, tuple[int, int]]:
    """Return the interval of each model's rank, 1 for the best.

    Parameters
    ----------
    models : Sequence[str]
        Names.
    pairs : Mapping[tuple[str, str], Interval]
        Simultaneous intervals of the first model minus the second; higher is better.

    Returns
    -------
    dict[str, tuple[int, int]]
        Best and worst rank by model.

    """
    better = dict.fromkeys(models, 0)
    worse = dict.fromkeys(models, 0)
    for (first, second), (low, high) in pairs.items():
        if low > 0:
            worse[first] += 1
            better[second] += 1
        elif high < 0:
            worse[second] += 1
            better[first] += 1
    return {model: (1 + better[model], len(models) - worse[model]) for model in models}


def smallest_difference(deviation: float, num_clips: int, power: float = 0.8) -> float:
    """Return the smallest true difference that a paired comparison on N clips detects.

    (z(1 - 0.05 / 2) + z(power)) deviation / sqrt(N), by the normal approximation. Source: Cohen
    1988, Statistical Power Analysis for the Behavioral Sciences, chapter 2.

    Parameters
    ----------
    deviation : float
        Standard deviation over clips of the difference of two models, in percentage points.
    num_clips : int
        Number of clips, N.
    power : float
        Probability of detecting it, 0..1.

    Returns
    -------
    float
        Percentage points.

    """
    normal = NormalDist()
    reach = normal.inv_cdf(1 - LEVEL / 2) + normal.inv_cdf(power)
    return reach * deviation / math.sqrt(num_clips)
