"""Many differences at once: hand-computed ranks, error rates, and scipy's normal quantiles."""

import numpy as np
import pytest
from scipy import stats

from pipeline.metrics.significance import family, rank_intervals, smallest_difference


def test_one_difference_is_an_ordinary_test() -> None:
    draws = np.random.default_rng(0).normal(2, 1, (20000, 1))
    found = family(np.array([2.0]), draws)
    assert found.p_adjusted[0] == pytest.approx(2 * stats.norm.sf(2), abs=0.005)
    assert found.intervals[0] == pytest.approx([2 - 1.96, 2 + 1.96], abs=0.05)


def test_independent_differences_are_adjusted_as_sidak() -> None:
    draws = np.random.default_rng(1).normal(0, 1, (20000, 10)) + 2.5
    found = family(np.full(10, 2.5), draws)
    single = 2 * stats.norm.sf(2.5)
    assert found.p_adjusted.max() == pytest.approx(1 - (1 - single) ** 10, abs=0.01)
    reach = stats.norm.isf((1 - 0.95 ** (1 / 10)) / 2)
    assert found.intervals[:, 1] - 2.5 == pytest.approx(np.full(10, reach), abs=0.1)


def test_equal_differences_need_no_adjustment() -> None:
    draws = np.repeat(np.random.default_rng(2).normal(2, 1, (5000, 1)), 10, axis=1)
    alone = family(np.array([2.0]), draws[:, :1])
    together = family(np.full(10, 2.0), draws)
    assert together.p_adjusted == pytest.approx(np.repeat(alone.p_adjusted, 10))


def test_step_down_rejects_more_than_the_maximum_alone() -> None:
    draws = np.random.default_rng(3).normal(0, 1, (20000, 2))
    values = np.array([9.0, 2.0])
    found = family(values, draws + values)
    assert found.p_adjusted[0] < 0.001
    # With the first one rejected, the second is tested alone.
    assert found.p_adjusted[1] == pytest.approx(2 * stats.norm.sf(2), abs=0.006)


def test_wrong_rejections_happen_in_five_percent_of_families() -> None:
    rng = np.random.default_rng(4)
    rejected = 0
    for _ in range(400):
        noise = rng.normal(0, 1, 8)
        found = family(noise, noise + rng.normal(0, 1, (500, 8)))
        rejected += bool((found.p_adjusted < 0.05).any())
    assert 0.02 < rejected / 400 < 0.09


def test_differences_without_spread() -> None:
    found = family(np.array([0.0, 5.0]), np.tile([0.0, 5.0], (100, 1)))
    assert found.p_adjusted.tolist() == [1, pytest.approx(1 / 101)]
    assert found.intervals.tolist() == [[0, 0], [5, 5]]


def test_ranks_by_hand() -> None:
    """A beats C; B is not separated from either."""
    pairs = {("a", "b"): (-1.0, 3.0), ("a", "c"): (1.0, 5.0), ("b", "c"): (-1.0, 3.0)}
    assert rank_intervals(["a", "b", "c"], pairs) == {"a": (1, 2), "b": (1, 3), "c": (2, 3)}
    reverse = {("c", "a"): (-5.0, -1.0)}
    assert rank_intervals(["a", "c"], reverse) == {"a": (1, 1), "c": (2, 2)}


def test_smallest_difference_by_hand() -> None:
    """(1.96 + 0.842) 40 / sqrt(10,000)."""
    assert smallest_difference(40, 10_000) == pytest.approx(2.8016 * 0.4, rel=1e-4)
    reach = stats.norm.isf(0.025) + stats.norm.isf(0.1)
    assert smallest_difference(10, 100, power=0.9) == pytest.approx(reach)


def test_smallest_difference_is_detected_as_often_as_the_power_says() -> None:
    rng = np.random.default_rng(5)
    deviation, num_clips = 30.0, 400
    true = smallest_difference(deviation, num_clips)
    means = true + rng.normal(0, deviation / 20, 20000)
    detected = np.abs(means) > 1.96 * deviation / 20
    assert detected.mean() == pytest.approx(0.8, abs=0.02)
