"""Predictions as arrays: validation, selection, accounting of missing clips."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline import metrics
from tests.support.predictions import hand_made


def test_wrong_shapes_and_dtypes_are_errors() -> None:
    predictions = hand_made()
    with pytest.raises(ValueError, match="top5: wrong shape or dtype"):
        replace(predictions, top5=predictions.top5[:, :1])
    with pytest.raises(ValueError, match=r"ok: .* \(got int64 of shape \(4, 2, 2\)\)"):
        replace(predictions, ok=predictions.ok.astype(int))
    with pytest.raises(ValueError, match=r"empty \(got \(4, 0, 2\)"):
        replace(predictions, corruptions=())


def test_unknown_names_are_errors() -> None:
    with pytest.raises(ValueError, match=r"no predictions for some of them \(got \['snow'\]\)"):
        hand_made().select(("snow",))
    with pytest.raises(ValueError, match="choose 'common' or 'strict'"):
        metrics.account(hand_made(), "some")  # type: ignore[arg-type] # the error is what is tested


def test_select_orders_corruptions_as_named() -> None:
    predictions = hand_made()
    chosen = predictions.select(("rain", "fog"))
    assert chosen.corruptions == ("rain", "fog")
    assert (chosen.top1 == predictions.top1[:, ::-1]).all()
    assert chosen.num_clips == 4


def test_common_leaves_a_clip_out_everywhere() -> None:
    predictions = hand_made(ok=((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 0, 1)))
    clean, cells = metrics.accuracies(metrics.account(predictions, "common"))
    assert clean == 100
    assert cells == pytest.approx(np.array([[100, 100 / 3], [200 / 3, 0]]))


def test_strict_counts_a_missing_clip_as_wrong_where_it_is_missing() -> None:
    predictions = hand_made(ok=((1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 1, 1), (1, 1, 0, 1)))
    counted = metrics.account(predictions, "strict")
    assert counted.num_clips == 4
    clean, cells = metrics.accuracies(counted)
    assert clean == 75
    assert cells.tolist() == [[75, 25], [50, 25]]
    assert counted.top5.sum() == 15


def test_a_clip_missing_from_the_clean_set_is_missing() -> None:
    predictions = hand_made(clean_ok=(0, 1, 1, 1))
    assert metrics.account(predictions, "common").num_clips == 3
    assert metrics.accuracies(metrics.account(predictions, "strict"))[0] == 50


def test_nothing_in_common_names_the_way_out() -> None:
    with pytest.raises(ValueError, match="use strict accounting"):
        metrics.account(hand_made(ok=((0, 1, 1, 1),) * 4), "common")
