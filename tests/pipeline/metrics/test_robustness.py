"""Robustness metrics: hand-computed values, published values, and classes."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from pipeline import metrics
from tests.support.predictions import hand_made, random_predictions

PUBLISHED = Path(__file__).parents[3] / "manifests" / "leaderboards.csv"


def published_rows() -> list[dict[str, str]]:
    with PUBLISHED.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "row", published_rows(), ids=lambda row: f"{row['dataset']}-{row['approach']}"
)
def test_rpc_of_the_published_rows(row: dict[str, str]) -> None:
    rpc = metrics.relative_performance(float(row["mpc"]), float(row["clean_top1"]))
    assert abs(rpc - float(row["rpc"])) <= 0.08


def test_means_by_hand() -> None:
    cells = np.array([[75.0, 25.0], [80.0, 20.0]])
    assert metrics.mean_performance(cells) == 50
    assert metrics.relative_performance(50, 80) == 62.5
    assert metrics.absolute_robustness(50, 80) == pytest.approx(0.7)
    assert metrics.relative_robustness(cells, 80) == pytest.approx(0.625)


def test_ratios_are_not_a_number_where_no_clean_clip_is_right() -> None:
    assert math.isnan(metrics.relative_performance(10, 0))
    assert math.isnan(metrics.relative_robustness(np.array([[10.0]]), 0))


def test_corruption_errors_by_hand() -> None:
    cells = np.array([[60.0, 40.0], [80.0, 70.0]])
    reference = np.array([[50.0, 30.0], [60.0, 40.0]])
    errors = metrics.corruption_errors(("fog", "rain"), cells, 90.0, reference, 80.0)
    assert errors.ce == {
        "fog": pytest.approx(100 * 100 / 120),
        "rain": pytest.approx(100 * 50 / 100),
    }
    assert errors.mce == pytest.approx((100 * 100 / 120 + 50) / 2)
    assert errors.relative_ce == {
        "fog": pytest.approx(100 * (30 + 50) / (30 + 50)),
        "rain": pytest.approx(100 * (10 + 20) / (20 + 40)),
    }
    assert errors.relative_mce == pytest.approx(75)


def test_a_model_is_its_own_reference_at_100() -> None:
    clean, cells = metrics.accuracies(random_predictions())
    errors = metrics.corruption_errors(("a", "b", "c"), cells, clean, cells, clean)
    assert errors.mce == pytest.approx(100)
    assert errors.relative_mce == pytest.approx(100)


def test_relative_error_is_not_a_number_where_the_reference_loses_nothing() -> None:
    cells = np.array([[70.0]])
    errors = metrics.corruption_errors(("fog",), cells, 80.0, np.array([[80.0]]), 80.0)
    assert math.isnan(errors.relative_ce["fog"])


def test_per_class_by_hand() -> None:
    table = metrics.per_class(hand_made(), np.array([0, 0, 2, 2]), num_classes=3)
    assert table.shape == (3, 3, 2)
    assert table[0].tolist() == [[100, 100], [100, 50], [100, 0]]
    assert table[2].tolist() == [[50, 50], [50, 0], [50, 50]]
    assert np.isnan(table[1]).all()


def test_per_class_averages_to_the_accuracy() -> None:
    predictions = random_predictions()
    labels = np.random.default_rng(1).integers(0, 10, 200)
    table = metrics.per_class(predictions, labels, 10)
    weights = np.bincount(labels, minlength=10) / 200
    _, cells = metrics.accuracies(predictions)
    assert np.allclose(np.tensordot(weights, table, 1)[1:], cells)


def test_labels_that_do_not_fit_are_errors() -> None:
    with pytest.raises(ValueError, match=r"labels: wrong shape \(got \(3,\) for 4 clips\)"):
        metrics.per_class(hand_made(), np.array([0, 0, 1]), 2)
    with pytest.raises(ValueError, match=r"labels: out of range \(got 2\); num_classes = 2"):
        metrics.per_class(hand_made(), np.array([0, 0, 1, 2]), 2)


def test_above_chance_a_guess_is_worth_nothing() -> None:
    """Of ten classes: half of what is above 10 %, nothing at 10 %, less than nothing below."""
    assert metrics.relative_above_chance(45, 80, 10) == pytest.approx(50)
    assert metrics.relative_above_chance(10, 80, 10) == 0
    assert metrics.relative_above_chance(3, 80, 10) == pytest.approx(-10)
    assert metrics.relative_above_chance(40, 80, 0) == metrics.relative_performance(40, 80)
    assert math.isnan(metrics.relative_above_chance(10, 10, 10))
    assert math.isnan(metrics.relative_above_chance(5, 8, 10))


def test_the_interval_of_the_corrected_rpc_is_that_of_its_draws() -> None:
    predictions = random_predictions()
    plain = metrics.summarize(predictions, resamples=50)
    assert plain.rpc_corrected == plain.rpc
    assert plain.rpc_corrected_ci95 == pytest.approx(plain.rpc_ci95)
    above = metrics.summarize(predictions, resamples=50, chance=10)
    assert above.rpc_corrected < above.rpc
    low, high = above.rpc_corrected_ci95
    assert low < above.rpc_corrected < high
