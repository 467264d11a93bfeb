"""Summary of one model: hand-computed values, accounting, intervals."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline import metrics
from pipeline.metrics.answers import Accounting, Predictions
from tests.support.predictions import hand_made, random_predictions, with_missing


def test_table_computed_by_hand() -> None:
    summary = metrics.summarize(hand_made(), resamples=100)
    assert summary.cells == {"fog": {1: 75.0, 3: 25.0}, "rain": {1: 75.0, 3: 25.0}}
    assert (summary.clean_top1, summary.clean_top5, summary.mpc) == (75.0, 100.0, 50.0)
    assert summary.rpc == pytest.approx(100 * 50 / 75)
    assert summary.gamma_a == pytest.approx(0.75)
    assert summary.gamma_r == pytest.approx(2 / 3)
    assert summary.mpc_top5 == 100.0
    assert summary.cells_top5 is not None
    assert summary.cells_top5["rain"][3] == 100.0
    assert (summary.num_clips, summary.num_clips_common, summary.num_clips_strict) == (4, 4, 4)


def test_number_of_clips_is_of_the_accounting() -> None:
    predictions = hand_made(ok=((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 0, 1)))
    common = metrics.summarize(predictions, "common", resamples=10)
    strict = metrics.summarize(predictions, "strict", resamples=10)
    assert (common.num_clips, strict.num_clips) == (3, 4)
    assert common.cells["rain"][1] == pytest.approx(200 / 3)
    assert strict.cells["rain"][1] == 50
    for summary in (common, strict):
        assert (summary.num_clips_common, summary.num_clips_strict) == (3, 4)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_and_order(seed: int) -> None:
    summary = metrics.summarize(random_predictions(seed=seed), resamples=50)
    cells = np.array([list(row.values()) for row in summary.cells.values()])
    assert summary.mpc == pytest.approx(cells.mean())
    assert summary.rpc == pytest.approx(100 * summary.gamma_r)
    assert summary.clean_top5 is not None
    assert summary.mpc_top5 is not None
    assert summary.clean_top1 <= summary.clean_top5
    assert summary.mpc <= summary.mpc_top5
    assert summary.mpc_ci95[0] <= summary.mpc <= summary.mpc_ci95[1]


def test_strict_is_the_common_share_where_present_clips_are_right() -> None:
    """Every present clip is right, so strict accuracy is the share of present clips."""
    perfect = with_missing(random_predictions(skill=1.0), share=0.1)
    strict = metrics.summarize(perfect, "strict", resamples=10)
    assert strict.mpc == pytest.approx(100 * perfect.ok.mean())
    assert metrics.summarize(perfect, "common", resamples=10).mpc == 100


def test_order_of_clips_and_corruptions_does_not_change_the_numbers() -> None:
    predictions = random_predictions()
    order = np.random.default_rng(1).permutation(200)
    shuffled = predictions.only(order).select(("rain", "contrast", "fog"))
    first = metrics.summarize(predictions, resamples=10)
    second = metrics.summarize(shuffled, resamples=10)
    assert first.cells == second.cells
    assert first.mpc == pytest.approx(second.mpc)


def test_interval_of_one_cell_of_mini_kinetics() -> None:
    """9,918 clips at 70 %: plus or minus 0.9 points."""
    num_clips = 9918
    top1 = (np.arange(num_clips) < 0.7 * num_clips)[:, None, None]
    there = np.ones_like(top1)
    predictions = Predictions(
        ("fog",), (1,), top1[:, 0, 0], top1[:, 0, 0], there[:, 0, 0], top1, top1, there
    )
    low, high = metrics.summarize(predictions, resamples=2000).cells_ci95["fog"][1]
    assert (high - low) / 2 == pytest.approx(0.9, abs=0.05)


def test_same_numbers_every_time() -> None:
    predictions = random_predictions()
    first = metrics.summarize(predictions, resamples=500)
    assert first == metrics.summarize(predictions, resamples=500)


def test_without_top5_only_top5_is_not_available() -> None:
    known = hand_made()
    best_only = replace(known, clean_top5=None, top5=None)
    accountings: tuple[Accounting, ...] = ("common", "strict")
    for accounting in accountings:
        full, part = (
            metrics.summarize(one, accounting, resamples=50) for one in (known, best_only)
        )
        assert (part.clean_top5, part.mpc_top5, part.cells_top5) == (None, None, None)
        assert replace(full, clean_top5=None, mpc_top5=None, cells_top5=None) == part
    assert best_only.select(("rain",)).top5 is None
    with pytest.raises(ValueError, match="clean_top5 and top5: only one of them is None"):
        replace(known, top5=None)
