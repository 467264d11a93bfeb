"""Calibration error: hand-computed, against torchmetrics, and over cells."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from pipeline.metrics.calibration import calibration_ratios, reliability
from tests.support.outputs import outputs_of, random_probabilities, skilled_labels


def test_by_hand() -> None:
    """Bins (0.6, 0.667] and (0.867, 0.933]: confidence 0.9 at accuracy 0.5, 0.65 at 1."""
    confidence = np.array([0.9, 0.9, 0.65, 0.65])
    found = reliability(confidence, np.array([True, False, True, True]))
    assert found.overconfidence == pytest.approx(0.5 * (0.9 - 0.5))
    assert found.underconfidence == pytest.approx(0.5 * (1 - 0.65))
    assert found.error == pytest.approx(0.2 + 0.175)
    assert found.clips.nonzero()[0].tolist() == [9, 13]
    assert found.right[[9, 13]].tolist() == [2, 1]


def test_edges_belong_to_the_lower_bin() -> None:
    found = reliability(np.array([0.0, 1 / 15, 0.0667, 1.0]), np.ones(4, bool))
    assert found.clips.nonzero()[0].tolist() == [0, 1, 14]
    assert found.clips.sum() == 4


@pytest.mark.parametrize("seed", range(3))
def test_against_torchmetrics(seed: int) -> None:
    probabilities = random_probabilities(2000, 1, seed=seed)[:, 0]
    labels = np.random.default_rng(seed).integers(0, 7, 2000)
    wanted = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(labels), 7, n_bins=15, norm="l1"
    )
    found = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    assert found.error == pytest.approx(float(wanted), abs=1e-6)


def test_pooled_diagrams_are_those_of_all_clips() -> None:
    rng = np.random.default_rng(0)
    confidence, right = rng.random(100), rng.random(100) < 0.5
    pooled = reliability(confidence[:40], right[:40]) + reliability(confidence[40:], right[40:])
    whole = reliability(confidence, right)
    assert pooled.error == pytest.approx(whole.error)
    assert (pooled.clips == whole.clips).all()


def test_ratios_are_the_error_clean_and_the_mean_over_cells() -> None:
    probabilities = random_probabilities(500, 5)
    outputs = outputs_of(probabilities, skilled_labels(probabilities))
    ratios = calibration_ratios(outputs)
    assert outputs.confidence is not None
    cells = [reliability(outputs.confidence[:, k], outputs.right[:, k]) for k in range(5)]
    assert ratios["ece_clean"].value == pytest.approx(100 * cells[0].error)
    assert ratios["ece"].value == pytest.approx(100 * np.mean([one.error for one in cells[1:]]))
    over = 100 * np.mean([one.overconfidence for one in cells[1:]])
    assert ratios["overconfidence"].value == pytest.approx(over)
    assert ratios["ece"].value == pytest.approx(
        ratios["overconfidence"].value + ratios["underconfidence"].value
    )
    assert ratios["ece_clean"].value < ratios["ece"].value  # labels follow the clean probabilities
