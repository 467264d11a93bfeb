"""Estimates from a stratified random sample of a dataset's clips, with their standard error.

A score of n out of N clips has an error of its own. With strata h (classes) of N_h clips, n_h of
them drawn at random, weights W_h = N_h / N and within-stratum variances s_h^2,

    estimate = sum over h of W_h mean_h
    standard error^2 = sum over h of W_h^2 (1 - n_h / N_h) s_h^2 / n_h

The factor 1 - n_h / N_h is the finite population correction: a complete sample has no error. A
stratum with one drawn clip takes the mean variance of the others. Ratios are linearised. Strata
without a drawn clip are to be joined with others first.

Source: Cochran 1977, Sampling Techniques, sections 5.3, 5.4 and 6.11.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .answers import Floats, Interval
from .ratios import Ratio


@dataclass(frozen=True)
class SampledEstimate:
    """Estimate for the whole dataset from a stratified sample."""

    value: float
    standard_error: float

    @property
    def ci95(self) -> Interval:
        """95 % interval by the normal approximation."""
        reach = NormalDist().inv_cdf(0.975) * self.standard_error
        return self.value - reach, self.value + reach


def stratified_estimate(
    ratio: Ratio, strata: NDArray[np.integer], sizes: NDArray[np.integer]
) -> SampledEstimate:
    """Return the estimate of a metric from a stratified sample.

    Parameters
    ----------
    ratio : Ratio
        The metric on the n drawn clips.
    strata : array (n,) of int
        Stratum of each drawn clip, such as its class.
    sizes : array (H,) of int
        Clips of each stratum in the whole dataset; strata without clips are 0.

    Returns
    -------
    SampledEstimate
        In the unit of the metric.

    Raises
    ------
    ValueError
        If a stratum that has clips has no drawn clip, or more drawn clips than clips.

    """
    drawn = np.bincount(strata, minlength=len(sizes))
    if len(drawn) > len(sizes) or (drawn > sizes).any() or ((drawn == 0) & (sizes > 0)).any():
        raise ValueError(
            "stratified_estimate: every stratum needs 1 to all of its clips drawn (got "
            f"{drawn.tolist()} of {sizes.tolist()}); draw again or merge strata."
        )
    weights = sizes / sizes.sum()
    below = np.ones(len(strata)) if ratio.denominator is None else ratio.denominator
    above_mean = weights @ _means(ratio.numerator, strata, drawn)
    below_mean = weights @ _means(below, strata, drawn)
    if not below_mean:
        return SampledEstimate(math.nan, math.nan)
    share = above_mean / below_mean
    residuals = (ratio.numerator - share * below) / below_mean
    variances = _variances(residuals, strata, drawn)
    shares = np.divide(drawn, sizes, out=np.ones(len(sizes)), where=sizes > 0)
    terms = weights**2 * (1 - shares) * variances / np.maximum(drawn, 1)
    return SampledEstimate(
        float(ratio.scale * share), float(abs(ratio.scale) * math.sqrt(terms.sum()))
    )


def joined_strata(
    strata: NDArray[np.integer], sizes: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Return strata and sizes in which every stratum has a drawn clip.

    A stratum without one is joined to the one before it that has one, or to the first that has.

    Parameters
    ----------
    strata : array (n,) of int
        Stratum of each drawn clip; n is at least 1.
    sizes : array (H,) of int
        Clips of each stratum in the whole dataset.

    Returns
    -------
    tuple
        As the parameters, with at most H strata; the sum of the sizes is the same.

    """
    occupied = np.unique(strata)
    places = np.maximum(np.searchsorted(occupied, np.arange(len(sizes)), side="right") - 1, 0)
    joined = np.zeros(len(occupied), np.int64)
    np.add.at(joined, places, sizes)
    return places[strata], joined


def _means(values: Floats, strata: NDArray[np.integer], drawn: NDArray[np.integer]) -> Floats:
    found: Floats = np.bincount(strata, values, len(drawn)) / np.maximum(drawn, 1)
    return found


def _variances(values: Floats, strata: NDArray[np.integer], drawn: NDArray[np.integer]) -> Floats:
    """Return s_h^2 (H,); where one clip was drawn, the mean of the others, weighted by clips."""
    centred = values - _means(values, strata, drawn)[strata]
    squares = np.bincount(strata, centred**2, len(drawn))
    several = drawn > 1
    pooled = squares[several].sum() / max(1, (drawn[several] - 1).sum())
    if not several.any():  # one clip per stratum: the variance over all of them, on the safe side
        pooled = values.var(ddof=1) if len(values) > 1 else 0.0
    variances: Floats = np.where(several, squares / np.maximum(drawn - 1, 1), pooled)
    return variances
