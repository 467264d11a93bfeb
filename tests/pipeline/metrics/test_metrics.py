import csv
import math
from pathlib import Path

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.answers import Predictions

PUBLISHED = Path(__file__).parents[3] / "manifests" / "leaderboards.csv"


def published_rows():
    with PUBLISHED.open(newline="") as file:
        return list(csv.DictReader(file))


def random_answers(num_clips=200, corruptions=("fog", "rain", "contrast"), seed=0, skill=0.6):
    rng = np.random.default_rng(seed)
    shape = (num_clips, len(corruptions), 5)
    top1 = rng.random(shape) < skill
    clean = rng.random(num_clips) < min(1, skill + 0.2)
    return Predictions(
        corruptions=tuple(corruptions),
        severities=(1, 2, 3, 4, 5),
        clean_top1=clean,
        clean_top5=clean | (rng.random(num_clips) < 0.5),
        clean_ok=np.ones(num_clips, dtype=bool),
        top1=top1,
        top5=top1 | (rng.random(shape) < 0.5),
        ok=np.ones(shape, dtype=bool),
    )


def hand_made(ok=((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1)), clean_ok=(1, 1, 1, 1)):
    """Four clips, two corruptions at severities 1 and 3: columns fog 1, fog 3, rain 1, rain 3."""
    top1 = [[1, 1, 1, 0], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1]]
    cells = np.array(top1, dtype=bool).reshape(4, 2, 2)
    return Predictions(
        corruptions=("fog", "rain"),
        severities=(1, 3),
        clean_top1=np.array([1, 1, 1, 0], dtype=bool),
        clean_top5=np.array([1, 1, 1, 1], dtype=bool),
        clean_ok=np.array(clean_ok, dtype=bool),
        top1=cells,
        top5=np.ones_like(cells),
        ok=np.array(ok, dtype=bool).reshape(4, 2, 2),
    )


@pytest.mark.parametrize(
    "row", published_rows(), ids=lambda row: f"{row['dataset']}-{row['approach']}"
)
def test_rpc_of_the_published_rows(row):
    rpc = metrics.relative_performance(float(row["mpc"]), float(row["clean_top1"]))
    assert abs(rpc - float(row["rpc"])) <= 0.08
    assert row["set"] == "not known"


def test_there_are_fourteen_published_rows():
    assert len(published_rows()) == 14


def test_table_computed_by_hand():
    summary = metrics.summarize(hand_made(), resamples=100)
    assert summary.cells == {"fog": {1: 75.0, 3: 25.0}, "rain": {1: 75.0, 3: 25.0}}
    assert (summary.clean_top1, summary.clean_top5, summary.mpc) == (75.0, 100.0, 50.0)
    assert summary.rpc == pytest.approx(100 * 50 / 75)
    assert summary.gamma_a == pytest.approx(0.75)
    assert summary.gamma_r == pytest.approx(2 / 3)
    assert summary.mpc_top5 == 100.0
    assert summary.cells_top5["rain"][3] == 100.0
    assert (summary.num_clips, summary.num_clips_common, summary.num_clips_strict) == (4, 4, 4)


def test_common_leaves_a_clip_out_everywhere_and_strict_counts_it_as_wrong():
    ok = ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 0, 1))
    common = metrics.summarize(hand_made(ok), "common", resamples=10)
    assert common.num_clips == 3
    assert common.cells == {
        "fog": {1: 100.0, 3: pytest.approx(100 / 3)},
        "rain": {1: pytest.approx(200 / 3), 3: 0.0},
    }
    assert common.clean_top1 == 100.0
    strict = metrics.summarize(hand_made(ok), "strict", resamples=10)
    assert strict.num_clips == 4
    assert strict.cells == {"fog": {1: 75.0, 3: 25.0}, "rain": {1: 50.0, 3: 25.0}}
    for summary in (common, strict):
        assert (summary.num_clips_common, summary.num_clips_strict) == (3, 4)


def test_a_clip_missing_from_the_clean_set_is_missing():
    answers = hand_made(clean_ok=(0, 1, 1, 1))
    assert metrics.summarize(answers, "common", resamples=10).num_clips == 3
    assert metrics.summarize(answers, "strict", resamples=10).clean_top1 == 50.0


def test_nothing_in_common_says_what_to_do():
    with pytest.raises(ValueError, match="use strict accounting"):
        metrics.summarize(hand_made(ok=((0, 1, 1, 1),) * 4), resamples=10)


def test_corruption_errors_by_hand():
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


def test_a_model_is_its_own_reference_at_100():
    clean, cells = metrics.accuracies(random_answers())
    errors = metrics.corruption_errors(("a", "b", "c"), cells, clean, cells, clean)
    assert errors.mce == pytest.approx(100)
    assert errors.relative_mce == pytest.approx(100)


def test_relative_error_is_not_a_number_where_the_reference_loses_nothing():
    cells = np.array([[70.0]])
    errors = metrics.corruption_errors(("fog",), cells, 80.0, np.array([[80.0]]), 80.0)
    assert math.isnan(errors.relative_ce["fog"])


@pytest.mark.parametrize("seed", range(5))
def test_identities(seed):
    summary = metrics.summarize(random_answers(seed=seed), resamples=50)
    cells = np.array([list(row.values()) for row in summary.cells.values()])
    assert summary.mpc == pytest.approx(cells.mean())
    assert summary.rpc == pytest.approx(100 * summary.gamma_r)
    assert summary.gamma_a == pytest.approx(1 - (summary.clean_top1 - summary.mpc) / 100)
    assert summary.clean_top1 <= summary.clean_top5
    assert summary.mpc <= summary.mpc_top5
    assert summary.mpc_ci95[0] <= summary.mpc <= summary.mpc_ci95[1]


def test_strict_is_never_above_common_times_its_share():
    answers = random_answers()
    ok = np.random.default_rng(3).random(answers.ok.shape) < 0.99
    answers = Predictions(**{**vars(answers), "ok": ok})
    common = metrics.summarize(answers, "common", resamples=10)
    strict = metrics.summarize(answers, "strict", resamples=10)
    assert strict.num_clips == 200 > common.num_clips
    assert strict.mpc <= metrics.summarize(random_answers(), resamples=10).mpc


def test_order_of_clips_and_corruptions_does_not_change_the_numbers():
    answers = random_answers()
    shuffled = answers.only(np.random.default_rng(1).permutation(200)).select(
        ("rain", "contrast", "fog")
    )
    first = metrics.summarize(answers, resamples=10)
    second = metrics.summarize(shuffled, resamples=10)
    assert first.cells == second.cells
    assert first.mpc == pytest.approx(second.mpc)


def test_each_resample_draws_as_many_clips_as_there_are():
    ones = np.ones((37, 2), dtype=bool)
    assert (metrics.resampled_counts(ones, 300, seed=1) == 37).all()


def test_resamples_are_pinned():
    right = (np.arange(11) % 3 == 0)[:, None]
    assert metrics.resampled_counts(right, 8, seed=7).ravel().tolist() == [4, 9, 5, 5, 7, 4, 3, 3]


def test_resamples_are_a_bootstrap():
    """Mean and spread of the counts are those of a binomial distribution."""
    right = (np.arange(400) < 100)[:, None]
    counts = metrics.resampled_counts(right, 4000, seed=2).ravel()
    assert abs(counts.mean() - 100) < 0.6
    assert abs(counts.std() / math.sqrt(400 * 0.25 * 0.75) - 1) < 0.04


def test_a_column_is_drawn_the_same_whatever_stands_beside_it():
    table = np.random.default_rng(5).random((500, 7)) < 0.4
    together = metrics.resampled_counts(table, 300, seed=3)
    alone = metrics.resampled_counts(table[:, 4:5], 300, seed=3)
    assert (together[:, 4] == alone[:, 0]).all()


def test_interval_of_one_cell_of_mini_kinetics():
    """9,918 clips at 70 %: plus or minus 0.9 points."""
    num_clips = 9918
    top1 = (np.arange(num_clips) < 0.7 * num_clips)[:, None, None]
    there = np.ones_like(top1)
    answers = Predictions(
        ("fog",), (1,), top1[:, 0, 0], top1[:, 0, 0], there[:, 0, 0], top1, top1, there
    )
    low, high = metrics.summarize(answers, resamples=2000).cells_ci95["fog"][1]
    assert (high - low) / 2 == pytest.approx(0.9, abs=0.05)


def test_same_numbers_every_time():
    answers = random_answers()
    assert metrics.summarize(answers, resamples=500) == metrics.summarize(answers, resamples=500)


def test_difference_of_a_model_with_itself_is_nothing():
    answers = random_answers()
    difference = metrics.compare(answers, answers, resamples=200)
    assert difference.mpc == 0
    assert difference.mpc_ci95 == (0, 0)
    assert not difference.significant


def test_pairing_makes_the_interval_of_a_difference_smaller():
    """A model that loses thirty clips of another is worse for sure; their intervals overlap."""
    better = random_answers(num_clips=1000)
    top1 = better.top1.copy()
    top1[:30] = False
    worse = Predictions(**{**vars(better), "top1": top1})
    difference = metrics.compare(better, worse, resamples=1000)
    assert difference.mpc > 0
    assert difference.significant
    one, other = metrics.summarize(better, resamples=1000), metrics.summarize(worse, resamples=1000)
    assert difference.mpc == pytest.approx(one.mpc - other.mpc)
    assert difference.rpc == pytest.approx(one.rpc - other.rpc)
    width = difference.mpc_ci95[1] - difference.mpc_ci95[0]
    assert width < one.mpc_ci95[1] - one.mpc_ci95[0]


def test_difference_is_of_the_clips_that_both_have():
    answers = random_answers()
    ok = answers.ok.copy()
    ok[:7, 0, 0] = False
    partial = Predictions(**{**vars(answers), "ok": ok})
    assert metrics.compare(answers, partial, resamples=10).num_clips == 193
    assert metrics.compare(answers, partial, "strict", resamples=10).num_clips == 200
    with pytest.raises(ValueError, match="same clips and cells"):
        metrics.compare(answers, random_answers(num_clips=50), resamples=10)


def test_per_class_by_hand():
    table = metrics.per_class(hand_made(), np.array([0, 0, 2, 2]), num_classes=3)
    assert table.shape == (3, 3, 2)
    assert table[0].tolist() == [[100, 100], [100, 50], [100, 0]]
    assert table[2].tolist() == [[50, 50], [50, 0], [50, 50]]
    assert np.isnan(table[1]).all()


def test_per_class_averages_to_the_accuracy():
    answers = random_answers()
    labels = np.random.default_rng(1).integers(0, 10, 200)
    table = metrics.per_class(answers, labels, 10)
    weights = np.bincount(labels, minlength=10) / 200
    _, cells = metrics.accuracies(answers)
    assert np.allclose(np.tensordot(weights, table, 1)[1:], cells)


def test_wrong_shapes_and_names_are_errors():
    answers = hand_made()
    with pytest.raises(ValueError, match="top5 is bool of shape"):
        Predictions(**{**vars(answers), "top5": answers.top5[:, :1]})
    with pytest.raises(ValueError, match="must be bool"):
        Predictions(**{**vars(answers), "ok": answers.ok.astype(int)})
    with pytest.raises(ValueError, match="no answers for"):
        answers.select(("snow",))
    with pytest.raises(ValueError, match="'common' or 'strict'"):
        metrics.account(answers, "some")
