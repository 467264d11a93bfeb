"""Negative log-likelihood: hand-computed and against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss

from pipeline.metrics.likelihood import likelihood_ratios
from tests.support.outputs import outputs_of, random_probabilities, skilled_labels


def test_by_hand() -> None:
    """Probability of the label 1/2 when clean, then 1/4 and 1/8."""
    probabilities = np.array([[[1 / 2, 1 / 2], [1 / 4, 3 / 4], [1 / 8, 7 / 8]]])
    ratios = likelihood_ratios(outputs_of(probabilities, np.array([0])))
    assert ratios["nll_clean"].value == pytest.approx(np.log(2))
    assert ratios["nll"].value == pytest.approx(np.log(4 * 8) / 2)


def test_against_scikit_learn() -> None:
    probabilities = random_probabilities(300, 3)
    labels = skilled_labels(probabilities)
    ratios = likelihood_ratios(outputs_of(probabilities, labels))
    wanted = [log_loss(labels, probabilities[:, k], labels=range(7)) for k in range(3)]
    assert ratios["nll_clean"].value == pytest.approx(wanted[0], abs=1e-5)
    assert ratios["nll"].value == pytest.approx(np.mean(wanted[1:]), abs=1e-5)


def test_not_available_without_probabilities() -> None:
    probabilities = random_probabilities(3, 3)
    outputs = outputs_of(probabilities, np.array([0, 1, 2]))
    assert likelihood_ratios(replace(outputs, nll=None)) == {}
