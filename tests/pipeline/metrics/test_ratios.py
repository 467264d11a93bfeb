"""Ratios and their estimates: values, pairing and intervals."""

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.bootstrap import group_counts_of, resample, resample_weights
from pipeline.metrics.ratios import Estimate, Ratio, estimate_all
from tests.support.predictions import random_predictions


def test_value_by_hand() -> None:
    part, whole = np.array([1.0, 0, 2]), np.array([2.0, 2, 0])
    assert Ratio(part, whole, 100).value == 75
    assert Ratio(part).value == 1
    assert np.isnan(Ratio(part, np.zeros(3)).value)


def test_draws_are_ratios_of_resampled_sums() -> None:
    rng = np.random.default_rng(0)
    ratio = Ratio(rng.random(40), rng.random(40), 3)
    assert ratio.denominator is not None
    found = estimate_all({"a": {"x": ratio}}, 300, 5)["a"]["x"]
    weights = np.concatenate(list(resample_weights(40, 300, 5)))
    wanted = 3 * (weights @ ratio.numerator) / (weights @ ratio.denominator)
    assert found.draws == pytest.approx(wanted)
    assert found.value == ratio.value
    assert found.ci95[0] < found.value < found.ci95[1]


def test_intervals_are_those_of_summarize() -> None:
    predictions = random_predictions()
    mpc = Ratio(predictions.top1.mean(axis=(1, 2)), scale=100)
    estimate = estimate_all({"a": {"mpc": mpc}}, 400, 9)["a"]["mpc"]
    summary = metrics.summarize(predictions, resamples=400, seed=9)
    assert estimate.value == pytest.approx(summary.mpc)
    assert estimate.ci95 == pytest.approx(summary.mpc_ci95, abs=0.1)


def test_models_and_metrics_see_the_same_draws() -> None:
    column = np.random.default_rng(1).random(30)
    found = estimate_all({"a": {"x": Ratio(column)}, "b": {"y": Ratio(column + 1)}}, 50, 2)
    assert found["b"]["y"].draws - found["a"]["x"].draws == pytest.approx(np.ones(50))


def test_intervals_of_undefined_and_infinite_draws() -> None:
    assert np.isnan(Estimate(1, np.array([1.0, np.nan])).ci95).all()
    low, high = Estimate(4, np.array([4.0] * 50 + [np.inf] * 50)).ci95
    assert (low, high) == (4, np.inf)


def test_ratios_of_other_clips_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"of different clips \(got \[2, 3\]\)"):
        estimate_all({"a": {"x": Ratio(np.ones(2)), "y": Ratio(np.ones(3))}})


def test_groups_are_summed_apart() -> None:
    rng = np.random.default_rng(3)
    counts, groups = rng.integers(0, 5, (60, 2)), rng.integers(0, 4, 60)
    (found,) = resample(60, 100, 8, [group_counts_of(counts, groups, 5)])
    assert found.shape == (100, 5, 2)
    assert (found[:, 4] == 0).all()  # a group without clips
    weights = np.concatenate(list(resample_weights(60, 100, 8)))
    for group in range(4):
        rows = groups == group
        assert (found[:, group] == weights[:, rows] @ counts[rows]).all()
