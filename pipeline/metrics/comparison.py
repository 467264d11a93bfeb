"""Paired comparison of models on the same clips, with bootstrap intervals of the differences.

A resample takes the same clips for all models, so that what is common to them cancels out and the
interval of a difference is narrower than those of the two numbers suggest (paired bootstrap: Efron
and Tibshirani 1993, An Introduction to the Bootstrap, chapter 8).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .answers import Accounting, Counts, Floats, Interval, Predictions, account
from .bootstrap import RESAMPLES, SEED, percentile_interval, resampled_counts
from .robustness import percent_of
from .significance import LEVEL, Family, family, smallest_difference


@dataclass(frozen=True)
class Difference:
    """First model minus second, in percentage points, on the clips that both have."""

    clean_top1: float
    clean_top1_ci95: Interval
    mpc: float
    mpc_ci95: Interval
    rpc: float
    rpc_ci95: Interval
    corruptions: dict[str, float]
    """Difference of the mean over severities, by corruption."""
    corruptions_ci95: dict[str, Interval]
    num_clips: int
    """Clips that all compared models have."""
    mpc_p: float
    """P-value of the mPC difference, adjusted for all pairs that were compared; see `family`."""
    mpc_joint: Interval
    """Interval of the mPC difference; those of all pairs hold together with probability 95 %."""
    corruptions_p: dict[str, float]
    """P-value by corruption, adjusted for all corruptions of this pair."""
    smallest: float
    """Smallest true mPC difference that so many clips detect with probability 80 %."""

    @property
    def significant(self) -> bool:
        """True if the interval of the mPC difference excludes 0, whatever else is compared."""
        return not self.mpc_ci95[0] <= 0 <= self.mpc_ci95[1]

    @property
    def jointly_significant(self) -> bool:
        """True if the mPC difference is significant among all pairs that were compared."""
        return self.mpc_p < LEVEL


def compare(
    first: Predictions,
    second: Predictions,
    accounting: Accounting = "common",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference:
    """Return the difference of two models; `compare_all` describes the parameters."""
    both = {"first": first, "second": second}
    return compare_all(both, accounting, resamples, seed)["first", "second"]


def compare_all(
    models: Mapping[str, Predictions],
    accounting: Accounting = "common",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[tuple[str, str], Difference]:
    """Return the difference of every pair of models.

    All models share one set of resamples, so that the 91 pairs of 14 models cost little more than
    one.

    Parameters
    ----------
    models : Mapping[str, Predictions]
        Predictions by model: of the same clips in the same order, corruptions and severities.
    accounting : {"common", "strict"}
        `common` compares on the clips that exist in every cell of every model, `strict` on all
        clips, where missing ones count as wrong.
    resamples : int
        Number of bootstrap resamples behind the intervals.
    seed : int
        Key of the random generator that draws the clips.

    Returns
    -------
    dict[tuple[str, str], Difference]
        By (first, second), where first precedes second in `models`; empty for a single model.

    Raises
    ------
    ValueError
        If models differ in their number of clips, corruptions or severities, or if they have no
        clip in common.

    """
    if len(models) < 2:
        return {}
    _check(models)
    if accounting == "common":
        shared = np.logical_and.reduce([one.everywhere() for one in models.values()])
        if not shared.any():
            raise ValueError(
                f"common accounting: no clip exists in every cell of {', '.join(models)}; use "
                "strict accounting, or make the missing cells."
            )
        models = {name: one.only(shared) for name, one in models.items()}
    counted = {name: account(one, accounting) for name, one in models.items()}
    columns = np.concatenate([_columns(one) for one in counted.values()], axis=1)
    values = _split(columns.sum(axis=0)[None], counted)
    draws = _split(resampled_counts(columns, resamples, seed), counted)
    pairs = list(combinations(counted, 2))
    together = family(
        np.array([values[a].mpc[0] - values[b].mpc[0] for a, b in pairs]),
        np.stack([draws[a].mpc - draws[b].mpc for a, b in pairs], axis=1),
    )
    return {
        pair: _difference(counted[pair[0]], values, draws, pair, together, number)
        for number, pair in enumerate(pairs)
    }


def _check(models: Mapping[str, Predictions]) -> None:
    (name, one), *others = models.items()
    for other_name, other in others:
        for field in ("num_clips", "corruptions", "severities"):
            if getattr(one, field) != getattr(other, field):
                raise ValueError(
                    f"compare: models must have the same clips and cells (got {field} = "
                    f"{getattr(one, field)} for {name} and {getattr(other, field)} for "
                    f"{other_name}); select the common ones first."
                )


@dataclass(frozen=True)
class _Accuracies:
    """Accuracies of one model in percent, one row per resample."""

    clean: Floats
    """(R,)"""
    corruptions: Floats
    """(R, C), mean over severities."""

    @property
    def mpc(self) -> Floats:
        mean: Floats = self.corruptions.mean(axis=1)
        return mean

    @property
    def rpc(self) -> Floats:
        return percent_of(self.mpc, self.clean)


def _columns(predictions: Predictions) -> Counts:
    """Return (N, 1 + C) counts: clean, and the severities of each corruption at which it is right.

    Sums over severities are enough for the means, with a fifth of the columns.
    """
    cells = predictions.top1.sum(axis=2, dtype=np.int64)
    return np.concatenate([predictions.clean_top1[:, None].astype(np.int64), cells], axis=1)


def _split(counts: Counts, models: Mapping[str, Predictions]) -> dict[str, _Accuracies]:
    """Turn the counts (R, models (1 + C)) into accuracies by model."""
    blocks = np.split(counts.astype(np.float64), len(models), axis=1)
    return {
        name: _Accuracies(
            100 * block[:, 0] / one.num_clips,
            100 * block[:, 1:] / (one.num_clips * len(one.severities)),
        )
        for (name, one), block in zip(models.items(), blocks, strict=True)
    }


def _difference(
    predictions: Predictions,
    values: Mapping[str, _Accuracies],
    draws: Mapping[str, _Accuracies],
    pair: tuple[str, str],
    together: Family,
    number: int,
) -> Difference:
    value, other = (values[name] for name in pair)
    drawn, drawn_other = (draws[name] for name in pair)
    means = value.corruptions[0] - other.corruptions[0]
    mean_draws = drawn.corruptions - drawn_other.corruptions
    limits = np.percentile(mean_draws, (2.5, 97.5), axis=0)
    deviation = float((drawn.mpc - drawn_other.mpc).std()) * math.sqrt(predictions.num_clips)
    low, high = together.intervals[number].tolist()
    names = predictions.corruptions
    return Difference(
        clean_top1=float(value.clean[0] - other.clean[0]),
        clean_top1_ci95=percentile_interval(drawn.clean - drawn_other.clean),
        mpc=float(value.mpc[0] - other.mpc[0]),
        mpc_ci95=percentile_interval(drawn.mpc - drawn_other.mpc),
        rpc=float(value.rpc[0] - other.rpc[0]),
        rpc_ci95=percentile_interval(drawn.rpc - drawn_other.rpc),
        corruptions=dict(zip(names, means.tolist(), strict=True)),
        corruptions_ci95={
            name: (float(low), float(high)) for name, low, high in zip(names, *limits, strict=True)
        },
        num_clips=predictions.num_clips,
        mpc_p=float(together.p_adjusted[number]),
        mpc_joint=(low, high),
        corruptions_p=dict(zip(names, family(means, mean_draws).p_adjusted.tolist(), strict=True)),
        smallest=smallest_difference(deviation, predictions.num_clips),
    )
