"""Resist and corrected rate: hand-computed, and their identity with mPC."""

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.resistance import resistance_ratios
from tests.support.predictions import hand_made, random_predictions


def test_by_hand() -> None:
    """Clips 0..2 are right when clean, and right in 3, 2 and 1 of 4 cells; clip 3 in 2."""
    ratios = resistance_ratios(hand_made())
    assert ratios["resist_rate"].value == pytest.approx(100 * 6 / 12)
    assert ratios["corrected_rate"].value == pytest.approx(100 * 2 / 4)


@pytest.mark.parametrize("seed", range(3))
def test_they_split_mpc(seed: int) -> None:
    predictions = random_predictions(seed=seed)
    clean, cells = metrics.accuracies(predictions)
    resist, corrected = (ratio.value for ratio in resistance_ratios(predictions).values())
    share = clean / 100
    assert share * resist + (1 - share) * corrected == pytest.approx(cells.mean())


def test_not_a_number_where_no_clean_clip_is_wrong() -> None:
    perfect = random_predictions(skill=1)
    ratios = resistance_ratios(perfect)
    assert ratios["resist_rate"].value == 100
    assert np.isnan(ratios["corrected_rate"].value)
