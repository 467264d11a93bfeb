"""Stratified samples: hand-computed, complete samples, and coverage by simulation."""

import numpy as np
import pytest

from pipeline.metrics.ratios import Ratio
from pipeline.metrics.sampling import joined_strata, stratified_estimate


def test_by_hand() -> None:
    """Strata of 30 and 10 clips: means 1/2 and 1, variances 1/2 and 0, two clips drawn of each."""
    values = np.array([1.0, 0, 1, 1])
    found = stratified_estimate(
        Ratio(values, scale=100), np.array([0, 0, 1, 1]), np.array([30, 10])
    )
    assert found.value == pytest.approx(100 * (0.75 * 0.5 + 0.25))
    assert found.standard_error == pytest.approx(100 * np.sqrt(0.75**2 * (28 / 30) * 0.5 / 2))
    low, high = found.ci95
    assert (high - low) / 2 == pytest.approx(1.959964 * found.standard_error)


def test_a_complete_sample_has_no_error() -> None:
    values = np.random.default_rng(0).random(20)
    found = stratified_estimate(Ratio(values), np.arange(20) % 4, np.full(4, 5))
    assert found.value == pytest.approx(values.mean())
    assert found.standard_error == 0


@pytest.mark.parametrize("per_class", [1, 4])
def test_intervals_hold_the_truth(per_class: int) -> None:
    """A dataset of 30 classes that differ; the ratio of two correlated columns."""
    rng = np.random.default_rng(1)
    classes = np.repeat(np.arange(30), 40)
    below = (rng.random(1200) < 0.5 + classes / 70).astype(float)
    above = below * (rng.random(1200) < 0.7)
    truth = 100 * above.sum() / below.sum()
    held, values, errors = 0, [], []
    for _ in range(600):
        drawn = np.concatenate(
            [rng.choice(np.flatnonzero(classes == k), per_class, replace=False) for k in range(30)]
        )
        ratio = Ratio(above[drawn], below[drawn], 100)
        found = stratified_estimate(ratio, classes[drawn], np.full(30, 40))
        held += found.ci95[0] <= truth <= found.ci95[1]
        values.append(found.value)
        errors.append(found.standard_error)
    assert held / 600 > 0.91
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_nothing_to_divide_by_is_not_a_number() -> None:
    found = stratified_estimate(Ratio(np.ones(2), np.zeros(2)), np.array([0, 1]), np.array([3, 3]))
    assert np.isnan(found.value)


def test_strata_without_a_drawn_clip_are_joined_to_the_one_before() -> None:
    strata, sizes = joined_strata(np.array([1, 4, 1]), np.array([5, 6, 7, 0, 8, 9]))
    assert strata.tolist() == [0, 1, 0]
    assert sizes.tolist() == [5 + 6 + 7, 8 + 9]
    strata, sizes = joined_strata(np.array([0, 1]), np.array([5, 6]))
    assert (strata.tolist(), sizes.tolist()) == ([0, 1], [5, 6])


def test_strata_without_a_drawn_clip_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"got \[2, 0\] of \[5, 5\]"):
        stratified_estimate(Ratio(np.ones(2)), np.array([0, 0]), np.array([5, 5]))
    with pytest.raises(ValueError, match="every stratum needs 1 to all of its clips"):
        stratified_estimate(Ratio(np.ones(2)), np.array([0, 0]), np.array([1]))
