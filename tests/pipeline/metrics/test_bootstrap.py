"""Bootstrap: pinned draws, the right distribution, and pairing of columns."""

import math

import numpy as np
import pytest

from pipeline import metrics


def test_each_resample_draws_as_many_clips_as_there_are() -> None:
    ones = np.ones((37, 2), dtype=bool)
    assert (metrics.resampled_counts(ones, 300, seed=1) == 37).all()


def test_resamples_are_pinned() -> None:
    right = (np.arange(11) % 3 == 0)[:, None]
    assert metrics.resampled_counts(right, 8, seed=7).ravel().tolist() == [4, 9, 5, 5, 7, 4, 3, 3]


def test_resamples_have_the_mean_and_spread_of_a_binomial_distribution() -> None:
    right = (np.arange(400) < 100)[:, None]
    counts = metrics.resampled_counts(right, 4000, seed=2).ravel()
    assert abs(counts.mean() - 100) < 0.6
    assert abs(counts.std() / math.sqrt(400 * 0.25 * 0.75) - 1) < 0.04


def test_draws_of_a_column_do_not_depend_on_the_others() -> None:
    table = np.random.default_rng(5).random((500, 7)) < 0.4
    together = metrics.resampled_counts(table, 300, seed=3)
    alone = metrics.resampled_counts(table[:, 4:5], 300, seed=3)
    assert (together[:, 4] == alone[:, 0]).all()


def test_counts_are_sums_of_columns() -> None:
    table = np.random.default_rng(5).random((500, 3)) < 0.4
    apart = metrics.resampled_counts(table, 300, seed=3)
    summed = metrics.resampled_counts(table.sum(axis=1)[:, None], 300, seed=3)
    assert (apart.sum(axis=1) == summed[:, 0]).all()


def test_values_too_large_for_exact_sums_are_refused() -> None:
    with pytest.raises(ValueError, match="too large for exact sums in float32"):
        metrics.resampled_counts(np.full((2, 1), 2**23), 1, seed=0)


def test_percentile_interval_by_hand() -> None:
    assert metrics.percentile_interval(np.arange(1001.0)) == (25, 975)
