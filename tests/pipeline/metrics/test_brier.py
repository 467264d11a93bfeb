"""Brier score: hand-computed and against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from pipeline.metrics.brier import brier_ratios, brier_scores
from tests.support.outputs import outputs_of, random_probabilities, skilled_labels


def test_by_hand() -> None:
    """Probabilities 0.7, 0.2, 0.1 with label 1: 0.49 + 0.64 + 0.01."""
    found = brier_scores(np.array([0.54]), -np.log(np.array([0.2])))
    assert found == pytest.approx([1.14])


def test_against_scikit_learn() -> None:
    probabilities = random_probabilities(300, 3)
    labels = skilled_labels(probabilities)
    ratios = brier_ratios(outputs_of(probabilities, labels))
    wanted = [
        brier_score_loss(labels, probabilities[:, k], labels=range(7), scale_by_half=False)
        for k in range(3)
    ]
    assert ratios["brier_clean"].value == pytest.approx(wanted[0], abs=1e-5)
    assert ratios["brier"].value == pytest.approx(np.mean(wanted[1:]), abs=1e-5)


def test_not_available_without_probabilities() -> None:
    outputs = outputs_of(random_probabilities(3, 3), np.array([0, 1, 2]))
    assert brier_ratios(replace(outputs, sum_p2=None)) == {}
