"""Clips that flip, hand-made: which are listed, in which order, and their shares."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.stages.report.evaluated import Evaluated, read_evaluated
from pipeline.stages.report.page.flips import choose_flips, flip_shares, flip_values, played
from pipeline.storage.paths import DatasetPaths
from tests.support.evaluated import GRID, write_tables
from tests.support.project import write_params


@pytest.fixture
def results(tmp_path: Path) -> Evaluated:
    """Clips 0..3, right in: clean 1110, fog 1 1100, fog 5 1000, rain 1 1110, rain 5 0000."""
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params, scores=True)
    return read_evaluated("demo", params, DatasetPaths(tmp_path, "demo"))


def test_flips_are_at_the_lowest_severity(results: Evaluated) -> None:
    found = [(flip.corruption, flip.clip, flip.severity) for flip in choose_flips(results)]
    assert found == [
        ("fog", 2, 1), ("fog", 1, 5),
        ("rain", 0, 5), ("rain", 1, 5), ("rain", 2, 5),
    ]  # fmt: skip


def test_played_clips_are_of_different_classes(results: Evaluated) -> None:
    chosen = played(choose_flips(results))
    assert [(flip.corruption, flip.clip) for flip in chosen] == [
        ("fog", 2), ("fog", 1), ("rain", 0), ("rain", 1)
    ]  # fmt: skip


def test_values_name_the_predicted_class(results: Evaluated) -> None:
    first = flip_values(results, choose_flips(results))[0]
    assert first == {
        "key": "clip2",
        "label": "moving left",
        "corruption": "fog",
        "severity": 1,
        "models": [1],
        "predicted": ["moving right"],
    }


def test_shares_are_of_clips_right_when_clean(results: Evaluated) -> None:
    shares = flip_shares(results)["tiny_r2plus1d"]
    assert shares == [[33.33, 66.67], [0, 100]]


def test_shares_are_not_available_if_no_clip_is_right(results: Evaluated) -> None:
    measured = results.measured
    (one,) = measured.flips.values()
    never = replace(measured, flips={"net": replace(one, right=np.zeros_like(one.right))})
    assert flip_shares(replace(results, measured=never))["net"] == [[None, None], [None, None]]


def test_predictions_without_classes_have_flips_without_predicted_class(tmp_path: Path) -> None:
    params = write_params(tmp_path, **GRID)
    write_tables(tmp_path, params)
    bare = read_evaluated("demo", params, DatasetPaths(tmp_path, "demo"))
    assert {flip.predicted for flip in choose_flips(bare)} == {None}
    assert flip_values(bare, choose_flips(bare))[0]["predicted"] is None
