"""Flip rate and temporal sensitivity, hand-computed."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.metrics.flips import flip_ratios, flip_shares
from pipeline.metrics.outputs import Outputs


def outputs(corruptions: tuple[str, ...]) -> Outputs:
    """Two clips of class 0, two corruptions at severities 1 and 2."""
    classes = np.array([[0, 0, 1, 2, 2], [1, 1, 1, 1, 0]], np.int32)
    return Outputs(corruptions, (1, 2), classes == 0, classes)


def test_flips_by_hand() -> None:
    """Clip 0: 0 0 1 and 0 2 2, a flip in each; clip 1: 1 1 1 and 1 1 0, one flip."""
    found = outputs(("fog", "rain"))
    assert found.classes is not None
    assert flip_shares(found.classes, 2).tolist() == [2 / 4, 1 / 4]
    assert flip_ratios(found)["flip_rate"].value == pytest.approx(100 * 3 / 8)


def test_temporal_sensitivity_is_of_clips_right_when_clean() -> None:
    """Clip 0 changes in one of two severities of reverse, and in both of jumble."""
    ratios = flip_ratios(outputs(("reverse", "jumble")))
    assert ratios["temporal_sensitivity_reverse"].value == pytest.approx(50)
    assert ratios["temporal_sensitivity_jumble"].value == pytest.approx(100)
    assert ratios["temporal_sensitivity"].value == pytest.approx(75)


def test_not_available_where_order_was_not_changed_or_classes_are_unknown() -> None:
    assert set(flip_ratios(outputs(("fog", "rain")))) == {"flip_rate"}
    one = flip_ratios(outputs(("reverse", "fog")))
    assert set(one) == {"flip_rate", "temporal_sensitivity_reverse"}
    assert flip_ratios(replace(outputs(("reverse", "jumble")), classes=None)) == {}


def test_a_model_that_is_never_right_has_no_sensitivity() -> None:
    never = outputs(("reverse", "jumble"))
    never = replace(never, right=np.zeros_like(never.right))
    assert np.isnan(flip_ratios(never)["temporal_sensitivity"].value)
