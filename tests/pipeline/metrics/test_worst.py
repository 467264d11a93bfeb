"""Worst-case accuracies, hand-computed."""

import numpy as np
import pytest

from pipeline.metrics.worst import worst_cell, worst_class, worst_decile


def test_worst_cell_of_each_resample() -> None:
    cells = np.array([[[50.0, 20], [40, 30]], [[10, 60], [70, 80]]])
    assert worst_cell(cells).tolist() == [20, 10]


def test_worst_class_leaves_out_classes_without_clips() -> None:
    assert worst_class(np.array([[30.0, np.nan, 20], [5, 7, np.nan]])).tolist() == [20, 5]


@pytest.mark.parametrize(("count", "wanted"), [(10, 0), (11, 0.5), (20, 0.5), (21, 1)])
def test_worst_decile_is_a_tenth_rounded_up(count: int, wanted: float) -> None:
    """Classes of 0, 1, 2, ... percent."""
    classes = np.append(np.arange(count, dtype=float)[::-1], np.nan)
    assert worst_decile(classes) == wanted
