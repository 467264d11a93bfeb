"""Comparison of models: paired differences on the same clips."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.answers import Accounting
from tests.support.predictions import hand_made, random_predictions, with_missing


def test_difference_by_hand() -> None:
    """The second model is wrong on clip 0 in rain: 25 points of one cell of four."""
    first = hand_made()
    top1 = first.top1.copy()
    top1[0, 1] = False
    difference = metrics.compare(first, replace(first, top1=top1), resamples=20)
    assert difference.clean_top1 == 0
    assert difference.mpc == pytest.approx(25 / 4)
    assert difference.rpc == pytest.approx(100 * (25 / 4) / 75)
    assert difference.corruptions == {"fog": 0, "rain": pytest.approx(25 / 2)}
    assert difference.corruptions_ci95["fog"] == (0, 0)


def test_difference_of_a_model_with_itself_is_nothing() -> None:
    predictions = random_predictions()
    difference = metrics.compare(predictions, predictions, resamples=200)
    assert difference.mpc == 0
    assert difference.mpc_ci95 == (0, 0)
    assert not difference.significant


def test_pairing_makes_the_interval_of_a_difference_narrower() -> None:
    """A model that loses thirty clips of another is worse for sure; their intervals overlap."""
    better = random_predictions(num_clips=1000)
    top1 = better.top1.copy()
    top1[:30] = False
    worse = replace(better, top1=top1)
    difference = metrics.compare(better, worse, resamples=1000)
    assert difference.mpc > 0
    assert difference.significant
    one, other = metrics.summarize(better, resamples=1000), metrics.summarize(worse, resamples=1000)
    assert difference.mpc == pytest.approx(one.mpc - other.mpc)
    assert difference.rpc == pytest.approx(one.rpc - other.rpc)
    width = difference.mpc_ci95[1] - difference.mpc_ci95[0]
    assert width < one.mpc_ci95[1] - one.mpc_ci95[0]


def test_difference_is_of_the_clips_that_both_have() -> None:
    predictions = random_predictions()
    ok = predictions.ok.copy()
    ok[:7, 0, 0] = False
    partial = replace(predictions, ok=ok)
    assert metrics.compare(predictions, partial, resamples=10).num_clips == 193
    assert metrics.compare(predictions, partial, "strict", resamples=10).num_clips == 200


@pytest.mark.parametrize("accounting", ["common", "strict"])
def test_all_pairs_are_each_pair_on_the_clips_of_all(accounting: Accounting) -> None:
    models = {
        name: with_missing(random_predictions(seed=n), 0.01, n) for n, name in enumerate("abc")
    }
    pairs = metrics.compare_all(models, accounting, 500)
    assert list(pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    if accounting == "common":
        shared = np.logical_and.reduce([one.everywhere() for one in models.values()])
        models = {name: one.only(shared) for name, one in models.items()}
    for (first, second), difference in pairs.items():
        alone = metrics.compare(models[first], models[second], accounting, 500)
        # Only what is adjusted for the number of pairs differs.
        assert difference.mpc_p >= alone.mpc_p
        assert difference.mpc_joint[0] <= alone.mpc_joint[0]
        alone = replace(alone, mpc_p=difference.mpc_p, mpc_joint=difference.mpc_joint)
        assert difference == alone


def test_differences_of_corruptions_are_those_of_each_alone() -> None:
    first, second = random_predictions(seed=1), random_predictions(seed=2)
    whole = metrics.compare(first, second, resamples=300)
    for name in first.corruptions:
        alone = metrics.compare(first.select((name,)), second.select((name,)), resamples=300)
        assert whole.corruptions[name] == pytest.approx(alone.mpc)
        assert whole.corruptions_ci95[name] == pytest.approx(alone.mpc_ci95)


def test_models_of_other_clips_cannot_be_compared() -> None:
    first = random_predictions()
    with pytest.raises(ValueError, match="num_clips = 200 for first and 50 for second"):
        metrics.compare(first, random_predictions(num_clips=50), resamples=10)
    with pytest.raises(ValueError, match="same clips and cells"):
        metrics.compare(first, first.select(("fog",)), resamples=10)
    nothing = replace(first, clean_ok=~first.clean_ok)
    with pytest.raises(ValueError, match="no clip exists in every cell of first, second"):
        metrics.compare(first, nothing, resamples=10)


def test_one_model_has_no_pair() -> None:
    assert metrics.compare_all({"a": hand_made()}) == {}


def test_many_equal_models_are_rarely_told_apart() -> None:
    """Twelve models of the same skill: 66 pairs, some of whose intervals exclude 0 by chance."""
    models = {f"model{n}": random_predictions(num_clips=300, seed=n) for n in range(12)}
    pairs = metrics.compare_all(models, resamples=500)
    assert sum(one.significant for one in pairs.values()) > 0
    assert sum(one.jointly_significant for one in pairs.values()) == 0
    assert min(one.mpc_p for one in pairs.values()) > 0.05


def test_corruptions_of_a_pair_are_adjusted_together() -> None:
    better = random_predictions(num_clips=1000)
    top1 = better.top1.copy()
    top1[:100, 1] = False
    difference = metrics.compare(better, replace(better, top1=top1), resamples=500)
    assert difference.corruptions_p["rain"] == pytest.approx(1 / 501)
    assert difference.corruptions_p["fog"] == 1


def test_smallest_difference_is_of_the_paired_spread() -> None:
    models = random_predictions(num_clips=400, seed=1), random_predictions(num_clips=400, seed=2)
    difference = metrics.compare(*models, resamples=4000)
    spread = 100 * (models[0].top1.mean(axis=(1, 2)) - models[1].top1.mean(axis=(1, 2))).std()
    wanted = metrics.smallest_difference(spread, 400)
    assert difference.smallest == pytest.approx(wanted, rel=0.05)
