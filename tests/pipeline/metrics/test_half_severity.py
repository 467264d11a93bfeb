"""Half severity: hand-computed crossings, and curves that do not cross."""

import numpy as np
import pytest

from pipeline.metrics.half_severity import half_severity


def test_by_hand() -> None:
    """80 to 40: reached at severity 2; 80 to 60 to 20: half way between 1 and 3."""
    clean = np.array([80.0, 80.0])
    curve = np.array([[60.0, 40, 40], [70.0, 60, 20]])
    assert half_severity(clean, curve, (1, 2, 3)).tolist() == [2, 2.5]
    assert half_severity(clean, curve, (1, 3, 5)).tolist() == [3, 4]


def test_before_the_first_severity() -> None:
    assert half_severity(np.array(80.0), np.array([20.0, 0]), (1, 5)) == pytest.approx(2 / 3)


def test_the_first_crossing_counts() -> None:
    assert half_severity(np.array(80.0), np.array([0.0, 80, 0]), (1, 2, 3)) == pytest.approx(0.5)


def test_not_reached_is_infinite_and_nothing_to_halve_is_not_a_number() -> None:
    assert half_severity(np.array(80.0), np.array([70.0, 41]), (1, 5)) == np.inf
    assert np.isnan(half_severity(np.array(0.0), np.array([0.0, 0]), (1, 5)))
