"""Selective prediction: hand-computed, identities, and influences against resampling."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_auc_score

from pipeline.metrics.answers import Floats
from pipeline.metrics.bootstrap import resample_weights
from pipeline.metrics.ratios import Ratio, estimate_all
from pipeline.metrics.selective import best_aurc, risk_coverage, selective_ratios
from tests.support.outputs import outputs_of, random_probabilities, skilled_labels

CONFIDENCE = np.array([0.9, 0.6, 0.8, 0.7])
RIGHT = np.array([True, True, False, True])


def test_by_hand() -> None:
    """By confidence: right, wrong, right, right; risks 0, 1/2, 1/3, 1/4."""
    curve = risk_coverage(CONFIDENCE, RIGHT)
    assert curve.selective == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4])
    assert curve.generalised == pytest.approx([0, 1 / 4, 1 / 4, 1 / 4])
    assert curve.aurc == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert curve.e_aurc == pytest.approx(curve.aurc - 1 / 16)  # the perfect order has risk 1/4 last
    assert curve.augrc == pytest.approx((1 / 8 + 1 / 4 + 1 / 4) / 4)


def test_perfect_order_has_no_excess() -> None:
    curve = risk_coverage(np.array([0.9, 0.8, 0.2]), np.array([True, True, False]))
    assert curve.e_aurc == 0
    assert best_aurc(1, 3) == pytest.approx(1 / 9)


@pytest.mark.parametrize("ties", [False, True])
def test_augrc_against_the_closed_form_with_scikit_learn(ties: bool) -> None:
    rng = np.random.default_rng(4)
    confidence = rng.random(500).round(1 if ties else 9)
    right = rng.random(500) < confidence
    accuracy = right.mean()
    auroc = roc_auc_score(right, confidence)
    wanted = (1 - auroc) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
    assert risk_coverage(confidence, right).augrc == pytest.approx(wanted)


def test_aurc_against_precision_of_scikit_learn() -> None:
    """At every threshold the selective risk is 1 minus the precision of confidence."""
    rng = np.random.default_rng(8)
    confidence = rng.permutation(400) / 400
    right = rng.random(400) < confidence

    def area(score: Floats) -> float:
        precision, _, thresholds = precision_recall_curve(right, score, drop_intermediate=False)
        return float(np.mean(1 - precision[: len(thresholds)]))

    curve = risk_coverage(confidence, right)
    assert curve.aurc == pytest.approx(area(confidence))
    perfect = right + confidence / 2  # right answers first
    assert curve.e_aurc == pytest.approx(area(confidence) - area(perfect))


def test_aurc_is_the_mean_over_random_orders_of_ties() -> None:
    rng = np.random.default_rng(5)
    confidence, right = rng.random(12).round(1), rng.random(12) < 0.6
    drawn = []
    for _ in range(4000):
        jitter = confidence + 1e-6 * rng.random(12)
        drawn.append(risk_coverage(jitter, right).aurc)
    assert risk_coverage(confidence, right).aurc == pytest.approx(np.mean(drawn), abs=0.003)


def test_order_of_clips_has_no_effect() -> None:
    rng = np.random.default_rng(6)
    confidence, right, order = rng.random(50).round(1), rng.random(50) < 0.6, rng.permutation(50)
    one, other = risk_coverage(confidence, right), risk_coverage(confidence[order], right[order])
    assert one.aurc == pytest.approx(other.aurc)
    assert one.augrc == pytest.approx(other.augrc)


def test_ratios_are_the_areas_clean_and_the_mean_over_cells() -> None:
    probabilities = random_probabilities(300, 5)
    outputs = outputs_of(probabilities, skilled_labels(probabilities))
    assert outputs.confidence is not None
    curves = [risk_coverage(outputs.confidence[:, k], outputs.right[:, k]) for k in range(5)]
    ratios = selective_ratios(outputs)
    for name in ("aurc", "e_aurc", "augrc"):
        values = [100 * getattr(curve, name) for curve in curves]
        assert ratios[f"{name}_clean"].value == pytest.approx(values[0])
        assert ratios[name].value == pytest.approx(np.mean(values[1:]))


def test_intervals_are_close_to_those_of_recomputed_resamples() -> None:
    """Influences are a first-order approximation; the plain bootstrap recomputes every area."""
    probabilities = random_probabilities(800, 3, scale=1.5)
    outputs = outputs_of(probabilities, skilled_labels(probabilities))
    ratios: dict[str, Ratio] = selective_ratios(outputs)
    estimates = estimate_all({"net": ratios}, 500, 3)["net"]
    assert outputs.confidence is not None
    confidence, right = outputs.confidence[:, 0], outputs.right[:, 0]
    drawn: dict[str, list[float]] = {"aurc": [], "e_aurc": [], "augrc": []}
    for weights in resample_weights(800, 500, 3):
        for row in weights:
            clips = np.repeat(np.arange(800), row.astype(int))
            curve = risk_coverage(confidence[clips], right[clips])
            for name, values in drawn.items():
                values.append(100 * getattr(curve, name))
    for name, values in drawn.items():
        found = estimates[f"{name}_clean"].draws
        assert np.corrcoef(found, values)[0, 1] > 0.97, name
        assert found.std() == pytest.approx(np.std(values), rel=0.1), name
