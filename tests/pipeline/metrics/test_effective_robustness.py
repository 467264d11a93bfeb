"""Effective robustness: hand-computed, and the line against scipy."""

import numpy as np
import pytest
from scipy import stats

from pipeline.metrics.effective_robustness import effective_robustness, fitted_line, logit


def test_by_hand() -> None:
    """Logits -1, 0, 1 against 0, 1, 0: the line is y = 1/3."""
    clean = 100 / (1 + np.exp(-np.array([-1.0, 0, 1])))
    mpc = 100 / (1 + np.exp(-np.array([0.0, 1, 0])))
    line = 100 / (1 + np.exp(-1 / 3))
    assert effective_robustness(clean, mpc) == pytest.approx(mpc - line)


def test_line_against_scipy() -> None:
    rng = np.random.default_rng(2)
    clean, mpc = rng.uniform(20, 95, (3, 9)), rng.uniform(10, 80, (3, 9))
    intercept, slope = fitted_line(clean, mpc)
    for row in range(3):
        wanted = stats.linregress(logit(clean[row]), logit(mpc[row]))
        assert (intercept[row], slope[row]) == pytest.approx((wanted.intercept, wanted.slope))


def test_too_few_models_or_equal_ones_have_no_line() -> None:
    assert np.isnan(effective_robustness(np.array([80.0, 70]), np.array([50.0, 40]))).all()
    assert np.isnan(effective_robustness(np.full(3, 80.0), np.array([50.0, 40, 30]))).all()


def test_accuracies_of_0_and_100_stay_finite() -> None:
    found = effective_robustness(np.array([100.0, 50, 20]), np.array([90.0, 30, 0]))
    assert np.isfinite(found).all()
