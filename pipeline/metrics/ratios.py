"""Metrics as ratios of sums over clips, which one bootstrap serves for all metrics and models.

A mean over clips is a ratio with the denominator 1. Metrics that are not sums, such as the area
under the risk-coverage curve, enter through their influence function: value + the mean of the
influences of the drawn clips, the first-order (infinitesimal jackknife) approximation of the
bootstrap. Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 21 and 22.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .answers import Floats, Interval
from .bootstrap import RESAMPLES, SEED, resample, sums_of


@dataclass(frozen=True)
class Ratio:
    """Metric of one model: `scale` times the ratio of two sums over the same clips."""

    numerator: Floats
    """(N,)"""
    denominator: Floats | None = None
    """(N,); None for the mean over clips."""
    scale: float = 1.0

    def of(self, numerator: Floats, denominator: Floats) -> Floats:
        """Return the metric for sums (R,); nan where the denominator is 0."""
        ratio: Floats = np.full(numerator.shape, np.nan)
        np.divide(numerator, denominator, out=ratio, where=denominator != 0)
        return self.scale * ratio

    @property
    def value(self) -> float:
        """The metric on all clips; nan if the denominator is 0."""
        below = len(self.numerator) if self.denominator is None else np.sum(self.denominator)
        return float(self.of(np.asarray([self.numerator.sum()]), np.asarray([below], float))[0])


@dataclass(frozen=True)
class Estimate:
    """Value of a metric with its bootstrap draws, which are paired between models."""

    value: float
    """nan where the metric is not defined."""
    draws: Floats
    """(R,)"""

    @property
    def ci95(self) -> Interval:
        """95 % percentile interval; nan where draws are not defined.

        The bounds are draws, so that infinite ones are possible.
        """
        if not len(self.draws) or np.isnan(self.draws).any():
            return float("nan"), float("nan")
        low, high = np.quantile(self.draws, (0.025, 0.975), method="closest_observation")
        return float(low), float(high)


Estimates = Mapping[str, Estimate]
"""Estimates of one model by metric."""


def estimate_all(
    models: Mapping[str, Mapping[str, Ratio]], resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, dict[str, Estimate]]:
    """Return the estimates of all metrics of all models, from one set of resamples.

    Parameters
    ----------
    models : Mapping[str, Mapping[str, Ratio]]
        Ratios by model and metric, all of the same N clips in the same order.
    resamples : int
        Number of bootstrap resamples.
    seed : int
        Key of the random generator that draws the clips.

    Returns
    -------
    dict[str, dict[str, Estimate]]
        By model and metric.

    Raises
    ------
    ValueError
        If the ratios are of different numbers of clips.

    """
    ratios = [ratio for some in models.values() for ratio in some.values()]
    if not ratios:
        return {model: {} for model in models}
    counts = {len(ratio.numerator) for ratio in ratios}
    if len(counts) > 1:
        raise ValueError(f"ratios: of different clips (got {sorted(counts)}); use the same clips.")
    (num_clips,) = counts
    columns, places = _columns(ratios)
    (draws,) = resample(num_clips, resamples, seed, [sums_of(columns)])
    sums = draws.astype(np.float64, copy=False)
    found = iter(
        Estimate(
            ratio.value,
            ratio.of(
                sums[:, above],
                np.full(resamples, float(num_clips)) if below is None else sums[:, below],
            ),
        )
        for ratio, (above, below) in zip(ratios, places, strict=True)
    )
    return {model: {name: next(found) for name in some} for model, some in models.items()}


def _columns(ratios: list[Ratio]) -> tuple[Floats, list[tuple[int, int | None]]]:
    """Return all distinct columns (N, K), and each ratio's numerator and denominator in it."""
    columns: list[Floats] = []
    number: dict[int, int] = {}

    def place(column: Floats) -> int:
        if id(column) not in number:
            number[id(column)] = len(columns)
            columns.append(column)
        return number[id(column)]

    places = [
        (
            place(ratio.numerator),
            None if ratio.denominator is None else place(ratio.denominator),
        )
        for ratio in ratios
    ]
    return np.stack(columns, axis=1), places


def difference(first: Estimate, second: Estimate) -> Estimate:
    """Return the estimate of first minus second, from paired draws."""
    # Two infinite severities differ by an undefined amount, which is not an error.
    with np.errstate(invalid="ignore"):
        return Estimate(first.value - second.value, first.draws - second.draws)
